"""Drawn strips say what they show: texts, their truth, and the drawer's habits."""

import re

import numpy as np
import pytest

from realtime.reading.strips import HEIGHT
from training import drawn
from training.row_network import CLASSES, STEP, RowNetwork, scaled
from training.row_scoring import distance, fit_temperature, greedy, score, threshold
from training.scenes import handwriting, inking, wording
from training.scenes.lettering import Inked, Lettering, Printed
from training.scenes.papers import degrade


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ([], ""),
        (["1", " ", "2"], "1 2"),
        (["a", " ", "W", "3", " ", "S", "5", " "], "~3~5"),
        (["1", "-", "-"], "1--"),
        (["~", "4/27/92", "="], "~4/27/92="),
    ],
)
def test_truth_tells_gaps_between_numbers_and_makes_one_of_letters(tokens: list[str], text: str) -> None:
    assert wording.truth(tokens) == text


def test_texts_hold_known_signs_alone_and_every_length() -> None:
    rng = np.random.default_rng(0)
    texts = [wording.truth(wording.draw(rng)) for _ in range(3000)]
    assert set("".join(texts)) == set(wording.LABELS)
    lengths = {len(text) for text in texts}
    assert lengths >= set(range(21))


@pytest.fixture(scope="module")
def lettering() -> Lettering:
    """Hands that know two strokes: an upright and a ring; letters are the ring."""
    upright = Inked(np.array([[0, 0], [0.05, 1]], np.float32), (), 0.05)
    turn = np.linspace(0, 2 * np.pi, 20)
    ring = Inked(np.stack([0.3 + 0.3 * np.cos(turn), 0.5 + 0.5 * np.sin(turn)], axis=1).astype(np.float32), (), 0.6)
    hand: dict[str, list[Inked | Printed]] = {sign: [ring] for sign in wording.ALPHABET + inking.LETTERS}
    hand |= {letter.swapcase(): [ring] for letter in inking.LETTERS} | {sign: [ring] for sign in inking.OTHERS}
    hand["1"] = [upright]
    return Lettering(pens=[hand], everyone=hand)


@pytest.mark.parametrize("token", [*wording.ALPHABET[:-1], "a", "W", "S"])
def test_pieces_stand_at_their_place(token: str, lettering: Lettering) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        piece = inking.piece(token, lettering, lettering.pens[0], handwriting.style(rng), rng)
        points = np.concatenate(piece.strokes)
        assert np.isfinite(points).all() and piece.width >= 0
        assert points[:, 0].min() > -2 and points[:, 1].max() < 2.5
        assert piece.digit == token.isdigit()


def test_a_degraded_strip_has_its_margins_dark() -> None:
    rng = np.random.default_rng(2)
    grey = np.zeros((HEIGHT, 80), np.float32)
    grey[8:24, 30:34] = 1
    for _ in range(30):
        strip = degrade(grey, (6, 9), float(rng.random()), rng)
        assert strip.dtype == np.uint8 and strip.shape == (HEIGHT, 80)
        assert not strip[:, :6].any() and not strip[:, -9:].any()


def test_padding_puts_strips_anywhere() -> None:
    strip = np.full((HEIGHT, 10), 200, np.uint8)
    starts = {int(drawn.pad([strip], np.random.default_rng(k))[0, 0, 0].argmax()) for k in range(30)}
    assert starts == set(range(7))


def test_texts_become_classes() -> None:
    classes, lengths = drawn.encode(["12", "", "~"])
    assert lengths.tolist() == [2, 0, 1]
    assert [CLASSES[k] for k in classes] == ["1", "2", "~"]


def test_the_network_has_a_step_for_every_second_column() -> None:
    import torch

    network = RowNetwork().eval()
    logits = network(scaled(torch.zeros((2, 1, HEIGHT, 64), dtype=torch.uint8)))
    assert logits.shape == (2, 64 // STEP, len(CLASSES))


def test_scores_count_what_is_wrong_and_what_is_short() -> None:
    told = score(["12", "3", "4-5"], ["12", "33", "45"])
    assert told.exact == pytest.approx(1 / 3)
    assert told.shorter == pytest.approx(1 / 3)
    assert told.errors == pytest.approx(2 / 6)
    assert [distance(a, b) for a, b in (("", "12"), ("123", "13"), ("17", "71"))] == [2, 1, 2]


def test_a_reader_too_sure_gets_a_higher_temperature() -> None:
    import torch

    rng = np.random.default_rng(3)
    logits, texts = [], []
    for _ in range(200):
        shown = int(rng.integers(10))
        said = shown if rng.random() < 0.7 else int(rng.integers(10))
        steps = torch.zeros((3, len(CLASSES)))
        steps[:, 0], steps[1, 0], steps[1, said + 1] = 12, 0, 12
        logits.append(steps)
        texts.append(str(shown))
    assert fit_temperature(logits, texts) > 2
    assert re.fullmatch(r"\d", greedy(logits[0]))


def test_the_threshold_leaves_lines_that_are_right() -> None:
    confidence, right = np.array([0.2, 0.9, 0.8, 0.7]), np.array([True, True, True, False])
    assert threshold(confidence, right) == 0.8
    assert threshold(confidence, ~right) == 1.0
