"""What the row network's probabilities mean: signs in order, doubtful ones kept, places, and how sure the line is."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import row_decoding, row_reader, strips
from realtime.reading.row_reader import GAP, RowReader, RowReading, look, pad
from realtime.reading.runtime import ModelRefusedError

SIGNS = tuple("0123456789.-~")


def steps_of(*named: tuple[str, float]) -> NDArray[np.float32]:
    """Return the probabilities of steps, each named by its likeliest sign ("" for blank) and how likely that is."""
    steps = np.zeros((len(named), 2 + len(SIGNS)), np.float32)
    for row, (sign, sure) in zip(steps, named, strict=True):
        row[0] = 1 - sure
        row[1 + (*SIGNS, GAP).index(sign) if sign else 0] = sure
    return steps


BLANK = ("", 1.0)


def read(steps: NDArray[np.float32]) -> RowReading:
    """Read steps from one look."""
    signs, gaps = row_decoding.split(steps)
    return row_reader.decode(signs, row_decoding.likeliest(signs), gaps, SIGNS)


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ((BLANK, BLANK), ""),
        ((("1", 0.9), ("1", 0.9), BLANK, ("1", 0.8), ("7", 0.9)), "117"),
        ((("3", 0.9), (".", 0.9), ("5", 0.9), BLANK), "3.5"),
        ((("~", 0.9), BLANK, ("~", 0.9), BLANK, BLANK, ("2", 0.9)), "~2"),
        ((("4", 0.9), BLANK, BLANK, BLANK, ("9", 0.4), BLANK), "49"),
    ],
    ids=["blank", "repeats", "signs", "letters", "doubtful"],
)
def test_runs_become_signs(named: tuple[tuple[str, float], ...], text: str) -> None:
    assert read(steps_of(*named)).text == text


def test_a_doubtful_sign_is_as_sure_as_it_is() -> None:
    reading = read(steps_of(("4", 0.9), BLANK, BLANK, BLANK, ("9", 0.4), BLANK))
    assert [s.confidence for s in reading.symbols] == pytest.approx([0.9, 0.4], abs=0.05)


def test_a_gap_is_no_sign_and_stands_at_its_place() -> None:
    reading = read(steps_of(("1", 0.9), BLANK, (GAP, 0.7), (GAP, 0.3), ("1", 0.9)))
    assert reading.text == "11"
    assert reading.gaps.tolist() == pytest.approx([0, 0, 0.7, 0.3, 0])


def test_places_are_columns_around_the_peak_and_do_not_overlap() -> None:
    named = [BLANK] * 40
    named[10], named[16], named[30] = ("1", 0.9), ("2", 0.9), ("3", 0.9)
    one, two, three = read(steps_of(*named)).symbols
    assert one.start < 20 < one.end == two.start < 32 < two.end < three.start < 60 < three.end
    assert max(s.end - s.start for s in (one, two, three)) <= strips.HEIGHT


def test_the_likeliest_texts_have_the_probability_of_all_their_ways() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        steps = rng.dirichlet(np.full(3, 0.5), 5).astype(np.float32)
        total: dict[tuple[int, ...], float] = {}
        for path in product(range(3), repeat=5):
            text = tuple(k for i, k in enumerate(path) if k and (i == 0 or path[i - 1] != k))
            total[text] = total.get(text, 0.0) + float(np.prod([steps[t, k] for t, k in enumerate(path)]))
        text, likelihood = row_decoding.likeliest(steps)[0]
        assert text == max(total, key=lambda t: total[t])
        assert likelihood == pytest.approx(total[text], rel=0.1)


def test_a_sign_is_as_sure_as_the_texts_that_have_it() -> None:
    texts = [((1, 2, 3), 0.5), ((1, 4, 3), 0.2), ((1, 3), 0.1), ((1, 2, 5, 3), 0.2)]
    weighed = row_decoding.weigh(texts, 6)
    assert [(place, before) for place, before, _ in weighed] == [(0, 0), (1, 1), (-1, 2), (2, 2)]
    first, second, inserted, third = (row for _, _, row in weighed)
    assert first[1] == pytest.approx(1) and third[3] == pytest.approx(1)
    assert second[[2, 4, 0]].tolist() == pytest.approx([0.7, 0.2, 0.1])
    assert inserted[[5, 0]].tolist() == pytest.approx([0.2, 0.8])


@pytest.mark.parametrize(
    ("read", "other", "pairs"),
    [
        ((), (), []),
        ((1, 2), (1, 2), [(0, 0), (1, 1)]),
        ((1, 2), (2,), [(0, -1), (1, 0)]),
        ((1,), (3, 1, 2), [(-1, 0), (0, 1), (-1, 2)]),
    ],
)
def test_texts_are_paired_with_the_fewest_edits(
    read: tuple[int, ...], other: tuple[int, ...], pairs: list[tuple[int, int]]
) -> None:
    assert row_decoding.pair(read, other) == pairs


def test_places_of_a_text_that_is_not_the_plainest_are_in_order() -> None:
    rng = np.random.default_rng(1)
    steps = rng.dirichlet(np.full(4, 0.5), 30).astype(np.float32)
    for labels in ((1, 2, 3), (1, 1), (3,)):
        at = row_decoding.places(steps, labels)
        assert at == sorted(set(at)) and len(at) == len(labels)


def test_looks_are_pooled() -> None:
    pooled = row_decoding.pool([[((1,), 0.5), ((2,), 0.4)], [((2,), 0.6)]])
    assert [labels for labels, _ in pooled] == [(2,), (1,)]
    assert [likelihood for _, likelihood in pooled] == pytest.approx([0.5, 0.25])


def test_another_look_is_longer_or_shorter() -> None:
    line = np.zeros((32, 40), np.uint8)
    line[:, 18:22] = 255
    for stretch in row_reader.LOOKS:
        seen = look(line, stretch)
        assert seen.shape == (32, round(40 * stretch))
        assert abs(np.flatnonzero(seen[16] > 127).mean() / stretch - 19.5) < 1
    assert look(line[:, :1], 0.1).shape == (32, 1)


def test_batches_hold_strips_of_like_width() -> None:
    widths = [40, 300, 44, 280, 41, *[50] * 20]
    groups = row_reader._batches(widths)
    assert sorted(k for group in groups for k in group) == list(range(len(widths)))
    assert all(min(widths[k] for k in g) >= row_reader.ALIKE * max(widths[k] for k in g) for g in groups)
    assert max(map(len, groups)) <= row_reader.MOST


def test_padding_is_paper() -> None:
    batch = pad([np.full((32, 5), 7, np.uint8), np.full((32, 20), 9, np.uint8)])
    assert batch.shape == (2, 1, 32, 32)
    assert batch[0, 0, :, 5:].max() == 0


@pytest.fixture
def make_reader(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of files whose network says of every step the same."""

    def make(**metadata: str) -> Path:
        import onnx
        from onnx import TensorProto, helper

        told = np.full(2 + len(SIGNS), 0.01, np.float32)
        nodes = [
            helper.make_node("Cast", ["strips"], ["grey"], to=TensorProto.FLOAT),
            helper.make_node("MaxPool", ["grey"], ["steps"], kernel_shape=[32, 2], strides=[32, 2]),
            helper.make_node("Squeeze", ["steps", "axes"], ["rows"]),
            helper.make_node("Unsqueeze", ["rows", "last"], ["column"]),
            helper.make_node("Mul", ["column", "told"], ["probabilities"]),
        ]
        constants = [
            helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2]),
            helper.make_tensor("last", TensorProto.INT64, [1], [2]),
            helper.make_tensor("told", TensorProto.FLOAT, [1, 1, len(told)], told.tolist()),
        ]
        graph = helper.make_graph(
            nodes,
            "rows",
            [helper.make_tensor_value_info("strips", TensorProto.UINT8, ["batch", 1, 32, "width"])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", "steps", len(told)])],
            constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        given = {"strip_version": strips.VERSION, "classes": json.dumps(["", *SIGNS, GAP])} | metadata
        for key, value in given.items():
            model.metadata_props.add(key=key, value=value)
        path = tmp_path / "rows.onnx"
        onnx.save(model, path)
        return path

    return make


def test_each_strip_gets_its_own_steps(make_reader: Callable[..., Path]) -> None:
    reader = RowReader(make_reader(), "cpu")
    lines = [np.full((32, width), value, np.uint8) for width, value in ((40, 1), (301, 2), (33, 3), (250, 4))]
    given = reader.probabilities(lines)
    assert [len(steps) for steps in given] == [20, 151, 17, 125]
    assert [round(float(steps[3, 0]), 2) for steps in given] == [0.01, 0.02, 0.03, 0.04]
    assert reader.device == "cpu" and reader.signs == SIGNS
    assert reader([]) == []


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"strip_version": "strip-1"}, "was made for strips 'strip-1'"),
        ({"classes": "{"}, "no readable classes"),
        ({"classes": '["", "1"]'}, "has outputs"),
        ({"classes": json.dumps(["", *SIGNS, "x"])}, "has outputs"),  # none for gaps
    ],
)
def test_a_file_for_other_strips_is_refused(
    make_reader: Callable[..., Path], metadata: dict[str, str], said: str
) -> None:
    with pytest.raises(ModelRefusedError, match=said):
        RowReader(make_reader(**metadata), "cpu")


@pytest.mark.parametrize("shape", [(28, 40), (32, 0), (1, 32, 40)])
def test_what_is_no_strip_is_refused(make_reader: Callable[..., Path], shape: tuple[int, ...]) -> None:
    reader = RowReader(make_reader(), "cpu")
    with pytest.raises(ValueError, match="a strip must be"):
        reader([np.zeros(shape, np.uint8)])
