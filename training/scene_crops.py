"""Cut crops of drawn scenes as the finder cuts them live: `python -m training.scene_crops --data FOLDER crops.npz`.

The file goes to `train-digits --extra crops.npz WEIGHT`: digits as they stand on pages, and as "not-a-digit" whatever
else the finder proposes, letters, signs and patterns. What nobody can tell is left out.
"""

import io
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from realtime.commands.console import console_command, exit_codes, note
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.files import write_whole
from realtime.outputs.guard import Output
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.finder import Finder
from realtime.reading.found import Located, locate
from realtime.reading.model_files import finder_model
from training.requirements import require
from training.scenes.draw import Source, draw
from training.scenes.truth import Scene

WHOLE = 0.5  # share of a digit's box and of what was cut that both have in common where it was cut whole
SKIPPED = ""  # the label of what nobody can tell


def label(located: Located, scene: Scene) -> list[str]:
    """Tell of each that was located what it is: a digit, "not-a-digit", or SKIPPED."""
    return [_label(scene, located.cores[k], located.boxes[k]) for k in range(len(located.boxes))]


def _label(scene: Scene, core: NDArray[np.float64], box: NDArray[np.int32]) -> str:
    spot = scene.spot(core)
    cores, weight = scene.cores[spot], scene.weight[spot]
    if not cores.size or (weight > 0).mean() < 0.7:
        return SKIPPED
    inside = np.bincount(cores.ravel())
    if len(inside) == 1:
        return NOT_A_DIGIT
    digit = scene.digits[int(inside[1:].argmax())]
    a, b, c, d = cv2.boundingRect(digit.hull)
    x, y, w, h = box.tolist()
    common = max(min(a + c, x + w) - max(a, x), 0) * max(min(b + d, y + h) - max(b, y), 0)
    return str(digit.label) if common >= WHOLE * max(c * d, w * h) else SKIPPED


@console_command
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--count", type=click.IntRange(1), default=40000, show_default=True, help="Crops.")
@click.option("--seed", type=click.IntRange(0), default=5, show_default=True)
@click.argument("path", type=click.Path(path_type=Path))
@overwrite_option
def main(data: Path, count: int, seed: int, path: Path, overwrite: bool) -> None:
    """Draw scenes until so many crops are cut, and write them with their labels."""
    refuse_overwriting([Output("PATH", path, "data")], [data], overwrite)
    cv2.setNumThreads(1)
    require("torch")
    with exit_codes():
        finder, source, rng = Finder(finder_model(), "cpu"), Source.of(data), np.random.default_rng(seed)
        images: list[NDArray[np.uint8]] = []
        labels: list[str] = []
        with tqdm(total=count, unit="crop", mininterval=10) as bar:
            while len(labels) < count:
                scene = draw(source, rng, trouble=float(rng.random()))
                located = locate(scene.image, finder, thorough=True)
                told = label(located, scene)
                images += [crop[0] for crop, text in zip(located.crops, told, strict=True) if text]
                labels += [text for text in told if text]
                bar.update(len(labels) - bar.n)
        _write(path, np.stack(images[:count]), np.array(labels[:count]))
        note(f"{count} crops, {labels.count(NOT_A_DIGIT)} of them no digits")


def _write(path: Path, images: NDArray[np.uint8], labels: NDArray[np.str_]) -> None:
    """Write an npz file whole."""
    data = io.BytesIO()
    np.savez_compressed(data, images=images, labels=labels)
    write_whole(path, data.getvalue())


if __name__ == "__main__":
    main()
