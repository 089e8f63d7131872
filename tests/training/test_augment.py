import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from realtime.reading import crops
from tests.conftest import draw_digit
from training import allographs, negatives
from training.augment import augment_camera, augment_hand
from training.batch_layout import lay_out
from training.jpeg import jpeg

REAL = os.environ.get("LIVEDIGITS_DATA")


def strokes(count: int, side: int = 64) -> np.ndarray:
    """Draw pen strokes of several widths, (count, side, side) uint8."""
    rng = np.random.default_rng(0)
    pictures = np.zeros((count, side, side), np.uint8)
    for picture in pictures:
        points = rng.integers(side // 8, side - side // 8, (4, 2)).astype(np.int32)
        cv2.polylines(picture, [points], False, 255, int(rng.integers(6, 10)), cv2.LINE_AA)
    return pictures


def test_batched_layout_equals_that_of_live_reading() -> None:
    pictures = strokes(100)
    live = crops.stack(list(pictures)).astype(np.float32)
    ours = lay_out(torch.from_numpy(pictures[:, None]).float() / 255).numpy() * 255
    difference = np.abs(live - ours).mean(axis=(1, 2, 3))
    assert difference.mean() < 1.0 and np.quantile(difference, 0.95) < 4
    boxes = [[cv2.boundingRect((c[0] > 24).astype(np.uint8)) for c in batch] for batch in (live, ours)]
    assert np.abs(np.array(boxes[0]) - np.array(boxes[1])).max() <= 1


def test_layout_of_a_blank_canvas_is_blank() -> None:
    assert lay_out(torch.zeros(2, 1, 48, 48)).sum() == 0


def test_augmentation_is_a_pure_function_of_pictures_and_generator() -> None:
    batch = torch.from_numpy(crops.stack(list(strokes(64))))
    before = batch.clone()
    first = augment_camera(batch, torch.Generator().manual_seed(5))
    torch.manual_seed(1)
    again = augment_camera(batch, torch.Generator().manual_seed(5))
    assert torch.equal(first, again) and torch.equal(batch, before)
    assert first.shape == batch.shape and first.dtype == torch.uint8
    assert not torch.equal(first, augment_camera(batch, torch.Generator().manual_seed(6)))
    assert augment_camera(batch[:0], torch.Generator()).shape == (0, 1, 28, 28)


def test_augmented_pictures_are_laid_out_as_mnist() -> None:
    batch = torch.from_numpy(crops.stack(list(strokes(400))))
    out = augment_camera(batch, torch.Generator().manual_seed(0)).float()
    assert (out.sum(dim=(1, 2, 3)) > 0).all()
    x = (out.sum(dim=(1, 2)) * torch.arange(28)).sum(dim=1) / out.sum(dim=(1, 2, 3))
    y = (out.sum(dim=(1, 3)) * torch.arange(28)).sum(dim=1) / out.sum(dim=(1, 2, 3))
    assert ((x - 14).abs() < 1.2).double().mean() > 0.98 and ((y - 14).abs() < 1.2).double().mean() > 0.98
    sides = torch.stack([(out > 8).any(dim=2).sum(dim=(1, 2)), (out > 8).any(dim=3).sum(dim=(1, 2))]).amax(dim=0)
    assert sides.max() <= 21 and (sides >= 18).double().mean() > 0.97


def test_augmentation_changes_most_pictures_and_ruins_few() -> None:
    batch = torch.from_numpy(crops.stack(list(strokes(400))))
    out = augment_camera(batch, torch.Generator().manual_seed(0))
    overlap = torch.minimum(out, batch).float().sum(dim=(1, 2, 3)) / batch.float().sum(dim=(1, 2, 3))
    assert (overlap < 0.95).double().mean() > 0.6
    assert (overlap > 0.3).double().mean() > 0.95


def test_other_hands_are_sharp_and_moved_about() -> None:
    batch = torch.from_numpy(crops.stack(list(strokes(400))))
    before = batch.clone()
    out = augment_hand(batch, torch.Generator().manual_seed(0), unchanged=0)
    assert torch.equal(batch, before) and torch.equal(
        out, augment_hand(batch, torch.Generator().manual_seed(0), unchanged=0)
    )
    assert out.shape == batch.shape and out.dtype == torch.uint8
    assert torch.equal(augment_hand(batch, torch.Generator(), unchanged=1), batch)
    assert augment_hand(batch[:0], torch.Generator()).shape == (0, 1, 28, 28)
    ink = out.float()
    for axis in (1, 2):
        profile = ink[:, 0].sum(dim=axis)
        place = (profile * torch.arange(28)).sum(dim=1) / profile.sum(dim=1)
        assert {-2, -1, 0, 1, 2} <= set((place - 14).round().int().tolist())
    assert (ink > 200).sum() > 0.6 * (batch > 200).sum()


def test_jpeg_with_fine_steps_changes_nothing() -> None:
    pictures = torch.rand(4, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(jpeg(pictures, torch.full((4, 1, 1, 1), 1e-5)), pictures, atol=1e-3)
    assert (jpeg(pictures, torch.full((4, 1, 1, 1), 0.3)) - pictures).abs().mean() > 0.02


def test_drawn_negatives_are_crops_and_follow_their_seed() -> None:
    digits = crops.stack(list(strokes(50)))
    labels = np.arange(50) % 10
    drawn = negatives.draw(300, digits, labels, np.random.default_rng(3))
    assert drawn.shape == (300, 1, 28, 28) and drawn.dtype == np.uint8
    assert np.array_equal(drawn, negatives.draw(300, digits, labels, np.random.default_rng(3)))
    assert 0 < (drawn.max(axis=(1, 2, 3)) == 0).sum() < 15  # a few blanks
    assert len(np.unique(drawn.reshape(300, -1), axis=0)) > 280


def test_drawn_forms_are_crops_of_the_digits_they_show() -> None:
    labels = np.arange(50) % 10
    digits = crops.stack([draw_digit(str(label), seed=i) for i, label in enumerate(labels)])
    drawn, shown = allographs.draw(400, digits, labels, np.random.default_rng(3))
    assert drawn.shape == (400, 1, 28, 28) and drawn.dtype == np.uint8 and shown.shape == (400,)
    again = allographs.draw(400, digits, labels, np.random.default_rng(3))
    assert np.array_equal(drawn, again[0]) and np.array_equal(shown, again[1])
    counts = np.bincount(shown, minlength=10)
    assert counts.min() >= 1 and counts[[1, 4, 7]].min() > 60 and counts[9] > 30
    assert (drawn.max(axis=(1, 2, 3)) > 200).all()
    width = (drawn.max(axis=2)[:, 0] > 60).sum(axis=1)
    assert np.median(width[shown == 1]) > 10  # a flag is no bare stem, which is 3 to 5 wide


@pytest.mark.skipif(not REAL, reason="set LIVEDIGITS_DATA to a folder with mnist/ in it")
def test_batched_layout_of_enlarged_mnist_equals_that_of_live_reading() -> None:
    from training.data import read_mnist

    images = read_mnist(Path(str(REAL)) / "mnist", "test")[0][:500]
    large = torch.nn.functional.interpolate(images.float() / 255, (84, 84), mode="bilinear")
    enlarged = (large * 255).round().to(torch.uint8)
    live = torch.from_numpy(crops.stack(list(enlarged[:, 0].numpy())))
    assert (lay_out(enlarged.float() / 255) * 255 - live).abs().mean() < 2
