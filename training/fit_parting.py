"""Fit how a line is parted into numbers: `python -m training.fit_parting --data FOLDER`.

Pages are drawn in hands that were held out and read; each two neighbouring digits of a line are held against whether
one number holds both. Prints the weights that `realtime/reading/parting.py` holds, and how well they part.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.commands.console import console_command, exit_codes
from realtime.reading import page_lines, parting
from realtime.reading.box import Box
from realtime.reading.ensemble import Networks
from realtime.reading.found import find
from realtime.reading.model_files import default_model
from training import finder_odds
from training.fit_readings import load
from training.scenes.draw import Source
from training.scenes.truth import Number, Scene, numbers
from training.score_pages import PAGES, pages

RIDGE = 1.0  # keeps a fit finite where few gaps tell it
ROOM = 2  # pixels about a number within which its digits stand


def samples(scene: Scene, networks: Networks) -> Iterator[tuple[NDArray[np.float64], bool]]:
    """Read a scene; yield the evidence for each gap between two digits, and whether it parts two numbers."""
    found, written = find(scene.image, networks.finder, networks.classifier, thorough=True), numbers(scene)
    lines, usual = page_lines.hear(scene.image, found, networks.rows, "auto")
    for reading, heard in lines:
        signs = [sign for sign in heard if sign.told]
        owners = [_owner(sign.box, written) if sign.text.isdigit() else -1 for sign in signs]
        for row, left, right in zip(parting.evidence(signs, reading, usual), owners, owners[1:], strict=False):
            if left >= 0 and right >= 0:
                yield row, left != right


def _owner(box: Box, written: list[Number]) -> int:
    """Return which number a box stands in, -1 where that is none, or not one alone."""
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    own = [
        k
        for k, (left, top, wide, high) in enumerate(number.box for number in written)
        if -ROOM <= x - left <= wide + ROOM and -ROOM <= y - top <= high + ROOM
    ]
    return own[0] if len(own) == 1 else -1


@console_command
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--models", type=click.Path(path_type=Path), help="Folder of the networks.  [default: those that ship]")
@click.option("--pages", "count", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=47, show_default=True)
def main(data: Path, models: Path | None, count: int, seed: int) -> None:
    """Draw pages, read them, and print the weights that part their lines best."""
    cv2.setNumThreads(1)
    with exit_codes():
        networks = load(models or default_model().parent)
        drawn = pages(Source.of(data, validation=True), count, seed)
        told = [(row, parted, k) for k, (_, scene) in enumerate(drawn) for row, parted in samples(scene, networks)]
        evidence, parted = np.array([row for row, _, _ in told]), np.array([truth for _, truth, _ in told])
        odd = np.array([k // (len(PAGES) + 1) % 2 == 1 for _, _, k in told])  # each kind of page stands in both halves
        click.echo(f"{len(told)} gaps, {parted.sum()} between numbers; of pages that were not fitted on:")
        for name, use in (("line", (0,)), ("width", (1,)), ("both", (0, 1))):
            right = np.zeros(len(told), bool)
            for half in (odd, ~odd):
                weights = finder_odds.fit(evidence[half][:, use], parted[half], RIDGE)
                right[~half] = (evidence[~half][:, use] @ weights[:-1] + weights[-1] > 0) == parted[~half]
            click.echo(f"{name}: {100 * right.mean():.1f} % told rightly")
        now = (evidence @ np.array(parting.WEIGHTS[:2]) + parting.WEIGHTS[2] > 0) == parted
        click.echo(f"as it is: {100 * now.mean():.1f} %")
        weights = finder_odds.fit(evidence, parted, RIDGE)
        click.echo(f"WEIGHTS = {tuple(round(weight, 2) for weight in weights)}")


if __name__ == "__main__":
    main()
