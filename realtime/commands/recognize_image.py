"""recognize-image: read the numbers of photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.commands.bulk import BulkOptions, bulk_options
from realtime.commands.console import console_command
from realtime.commands.files import FileResult, FileTask, Job, read_files, refuse_file_for_several
from realtime.commands.options import OutputOptions, ReadingOptions, output_options, reading_options
from realtime.live.viewer import Viewer
from realtime.measuring.explain import explain
from realtime.outputs.files import of_page, output_paths
from realtime.outputs.overlay import draw
from realtime.outputs.pictures import check_picture, save_picture
from realtime.outputs.sink import Sink
from realtime.reader import Reader
from realtime.sources.decoding import decode, is_animated
from realtime.sources.frame import Frame, SourceError
from realtime.sources.names import show
from realtime.sources.picture_bytes import read_bytes, source_name
from realtime.sources.pictures import PICTURES
from realtime.tracking.tracked_frame import TrackedFrame

# Marks on pages without numbers from which on they are told: those refused are more than a stain or a seam gives, those
# that stand too close to be looked at one by one more than any page of writing has. Set by hand.
MANY, CROWD = 20, 2000
SIDE, PLAIN = (
    3000,
    10.0,
)  # pixels of a side on which marks are counted, and deviation of grey below which paper is blank
EXPLAIN_HELP = "Write the steps of each reading as a figure into this folder."


@dataclass(frozen=True)
class PhotoTask(FileTask):
    """How photos are read; explain_folder: where the figure that explains each reading goes."""

    unit, save_kind, still = "photo", "picture", True
    explain_folder: Path | None

    def targets(self, files: Sequence[Path], save: Path) -> list[Path]:
        """Put the picture of one photo where `save` says, those of several into that folder."""
        if len(files) == 1 and save.suffix:
            check_picture(save)
            return [save]
        refuse_file_for_several(save, PICTURES)
        return output_paths(save, files, ".png")

    def figures(self, files: Sequence[Path]) -> list[Path]:
        """Put the figures of all photos into the folder of --explain."""
        return output_paths(self.explain_folder, files, "-explained.png") if self.explain_folder is not None else []

    def read(self, job: Job, reader: Reader, sinks: Sequence[Sink], window: Viewer | None = None) -> FileResult:
        """Read each page of a photo as a frame, from 0 on, whose numbers are settled."""
        photo = job.path
        name, rows, notes, error, refused, crowded = source_name(photo), [], [], "", 0, 0
        try:
            data = read_bytes(photo)
            if is_animated(data, name):
                notes.append(f"{name} moves: its first frame is read here, all of them by recognize-video")
            for index, image in enumerate(decode(data, name)):
                tracked = TrackedFrame.of_picture(Frame(image, index, 0.0, name), reader.read(image))
                self._draw(tracked, job)
                for sink in sinks if window is None else [*sinks, window]:
                    sink.take(tracked)
                rows += tracked.page.rows
                refused += sum(bool(refusal) for refusal in tracked.page.refusals)
                crowded += 0 if rows else count_marks(image)
        except SourceError as broken:
            error = str(broken)
        if not rows and not error:
            notes.append(f"{name}: no number found{explain_nothing(refused, crowded)}")
        return FileResult(photo, tuple(rows), tuple(notes), error)

    def _draw(self, tracked: TrackedFrame, job: Job) -> None:
        """Write the figure that explains a page, and its annotated copy; those of further pages have their number."""
        image, page = tracked.frame.image, tracked.frame.index
        if job.figure is not None:
            title = show(job.path.name) + (f", page {page + 1}" if page else "")
            explain(of_page(job.figure, page), image, tracked.page, title)
        if job.target is not None:
            save_picture(of_page(job.target, page), draw(image, tracked.tracks))


def count_marks(image: NDArray[np.uint8]) -> int:
    """Count the dark pieces of a picture (H, W, 3), of whatever they are; 0 on plain paper."""
    scale = min(1.0, SIDE / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    if grey.std() < PLAIN:
        return 0
    return cv2.connectedComponents(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1])[0] - 1


def explain_nothing(refused: int, marks: int) -> str:
    """Say what there is on pages without numbers: refused marks, or too many to look at; nothing of a blank page."""
    if refused >= MANY:
        return f"; {refused} marks were refused: --explain DIR shows why"
    return f"; its {marks} marks are taken for texture: cut it into parts, or enlarge it" if marks >= CROWD else ""


@console_command
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTO...")
@reading_options
@output_options(show=False)
@click.option("--explain", "explain_folder", type=click.Path(path_type=Path), metavar="DIR", help=EXPLAIN_HELP)
@bulk_options
def main(
    photos: tuple[Path, ...],
    reading: ReadingOptions,
    output: OutputOptions,
    explain_folder: Path | None,
    bulk: BulkOptions,
) -> None:
    """Read the numbers of each PHOTO: one line of text for a line of writing, numbers parted by blanks.

    PHOTO may be "-", standard input, or an http address. Each page of a TIFF or PDF is a frame of its own. --save takes
    a picture's name for one photo, a folder for several. A photo that cannot be read does not stop the
    others; the exit status is then 3.
    """
    read_files(PhotoTask(reading, explain_folder), photos, output, bulk)
