"""The memory of what a person named: one example is enough, nothing else is read otherwise, and files that are none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import crops, memory
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from realtime.reading.ensemble import Networks
from realtime.reading.memory import Example, Kept, Memory, load_examples, load_kept
from realtime.reading.model_files import kept_features
from realtime.reading.pipeline import read
from realtime.reading.remembering import REMEMBERED, Remembering
from realtime.reading.runtime import ModelRefusedError
from tests.conftest import InkRows, draw_digit, draw_sheet
from training.finetune_trials import GLYPH_DIGIT, draw_glyphs


@pytest.fixture(scope="module")
def kept() -> Kept:
    found = load_kept(kept_features())
    assert found is not None
    return found


@pytest.fixture
def remembering(classifier: Classifier, kept: Kept) -> Remembering:
    return Remembering(classifier, classifier, Memory(kept))


def teach(reader: Remembering, crop: NDArray[np.uint8], label: int, **origin: object) -> tuple[Example, ...]:
    """Teach a crop (28, 28), and return what that contradicts."""
    learned = reader.memory.learn(Example(crop, label, origin), reader.see(crop))
    reader.memory = learned.memory
    return learned.contradicted


def glyphs(count: int, seed: int) -> NDArray[np.uint8]:
    """Draw a 4 as nobody writes it, (count, 1, 28, 28)."""
    return draw_glyphs(count, np.random.default_rng(seed)).numpy()


def test_one_example_of_a_new_shape_reads_the_next_ones(remembering: Remembering) -> None:
    seen, others = glyphs(1, 0), glyphs(50, 1)
    drawn = crops.stack([draw_digit(str(k % 10), seed=k) for k in range(100)])
    before, digits = remembering(others), remembering(drawn)
    assert (before.argmax(axis=1) == GLYPH_DIGIT).sum() == 0
    teach(remembering, seen[0, 0], GLYPH_DIGIT)
    told = remembering.classify(others)
    assert (told.probabilities.argmax(axis=1) == GLYPH_DIGIT).mean() > 0.9
    assert np.allclose(told.probabilities.sum(axis=1), 1, atol=1e-5) and told.probabilities.dtype == np.float32
    right = told.probabilities.argmax(axis=1) == GLYPH_DIGIT
    assert (told.models[right] == REMEMBERED).mean() > 0.9 and told.learned[right].mean() > 0.9
    after = remembering.classify(drawn)
    assert np.array_equal(after.probabilities.argmax(axis=1), digits.argmax(axis=1)) and not after.learned.any()


def test_what_is_kept_is_never_read_otherwise(remembering: Remembering, kept: Kept) -> None:
    for k in range(20):
        teach(remembering, glyphs(1, k)[0, 0], k % 10, k=k)  # some of them wrong
    evidence = remembering.memory.evidence(kept.features, 11)
    own = np.arange(11)[None] == kept.labels[:, None]
    assert evidence[~own].max() < 1e-3


def test_wrong_labels_alone_do_little_harm(remembering: Remembering) -> None:
    drawn = crops.stack([draw_digit(str(k % 10), seed=k) for k in range(200)])
    before = remembering(drawn[100:]).argmax(axis=1)
    for k in range(10):
        teach(remembering, drawn[k, 0], (k + 3) % 10, k=k)
    assert (remembering(drawn[100:]).argmax(axis=1) == before).mean() >= 0.9


def test_the_later_of_two_that_contradict_each_other_stands(remembering: Remembering) -> None:
    (crop,) = glyphs(1, 0)[0]
    assert teach(remembering, crop, 4, k=0) == ()
    (gone,) = teach(remembering, crop, 6, k=1)
    assert gone.label == 4 and [example.label for example in remembering.memory.examples] == [6]
    assert remembering(crop[None, None]).argmax() == 6
    remembering.memory = remembering.memory.without({"k": 1})
    assert remembering.memory.examples == () and len(remembering.memory.features) == 0


def test_it_is_bounded(remembering: Remembering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 3)
    for k in range(5):
        teach(remembering, glyphs(1, k)[0, 0], 4, k=k)
    assert [example.origin["k"] for example in remembering.memory.examples] == [2, 3, 4]


def test_a_page_reads_what_was_remembered_though_its_line_says_otherwise(
    networks: Networks, remembering: Remembering
) -> None:
    image = draw_sheet(["0742"])
    taught = replace(networks, classifier=remembering, rows=InkRows("0742", sure=0.99))
    page = read(image, taught)
    (number,) = page.numbers
    assert number.text == "0742"
    remembering.memory = replaced(remembering.memory, page.crops[number.digits[1].blob, 0], 1)
    (number,) = read(image, taught).numbers
    assert number.text == "0142" and number.digits[1].to_dict()["model"] == REMEMBERED
    assert "model" not in number.digits[0].to_dict()


def replaced(known: Memory, crop: NDArray[np.uint8], label: int) -> Memory:
    """Return a memory for which nothing like a crop is kept, with that crop under a label."""
    classifier = Classifier(kept_features().with_name("best.onnx"), "cpu")
    features = classifier.see(crop[None, None])[1]
    far = (known.kept.features @ memory.normalized(features)[0]) < 0.5
    lean = Kept(known.kept.features[far], known.kept.labels[far], known.kept.network)
    return Memory(lean).learn(Example(crop, label, {}), features[0]).memory


def test_a_page_leaves_out_what_was_said_to_be_no_digit(networks: Networks, remembering: Remembering) -> None:
    image = draw_sheet(["0742"])
    taught = replace(networks, classifier=remembering, rows=InkRows("0742", sure=0.99))
    page = read(image, taught)
    label = remembering.classes.index(NOT_A_DIGIT)
    remembering.memory = replaced(remembering.memory, page.crops[page.numbers[0].digits[3].blob, 0], label)
    assert [number.text for number in read(image, taught).numbers] == ["074"]


def test_it_comes_back_from_its_file_and_is_made_anew_for_another_network(
    remembering: Remembering, kept: Kept, tmp_path: Path
) -> None:
    path = tmp_path / "memory.npz"
    assert load_examples(path, kept.network) == ((), None)
    teach(remembering, glyphs(1, 0)[0, 0], 4, source="写.mp4")
    path.write_bytes(remembering.memory.to_bytes())
    examples, features = load_examples(path, kept.network)
    assert [(example.label, example.origin) for example in examples] == [(4, {"source": "写.mp4"})]
    again = Memory(kept, examples, features)
    seen = remembering.classify(glyphs(5, 1)).features
    assert np.allclose(again.evidence(seen, 11), remembering.memory.evidence(seen, 11), atol=0.1)
    assert load_examples(path, "another")[1] is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory.npz"
    path.write_bytes(content)
    for load in (load_kept, lambda path: load_examples(path, "")):
        with pytest.raises(ModelRefusedError, match="move it away"):
            load(path)


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path, right = tmp_path / "memory.npz", {"crops": np.zeros((1, 28, 28), np.uint8), "labels": np.zeros(1, np.uint8)}
    right |= {"origins": np.array(["{}"]), "features": np.zeros((1, 256)), "network": np.array("x")}
    right |= {"crop_version": np.array(crops.VERSION)}
    np.savez(path, **right)
    assert len(load_examples(path, "x")[0]) == 1
    wrong = {"origins": np.array(["{"]), "labels": np.full(1, 11, np.uint8), "crops": np.zeros((2, 28, 28), np.uint8)}
    for name, array in [*wrong.items(), ("crop_version", np.array("0"))]:
        np.savez(path, **right | {name: array})
        with pytest.raises(ModelRefusedError, match="move it away"):
            load_examples(path, "x")
    np.savez(path, labels=right["labels"])
    with pytest.raises(ModelRefusedError, match="move it away"):
        load_examples(path, "x")
