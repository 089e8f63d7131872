"""recognize-image: read the numbers of photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.commands.bulk import BulkOptions, bulk_options
from realtime.commands.console import exit_codes
from realtime.commands.files import FileResult, FileTask, Job, read_files, refuse_file_for_several
from realtime.commands.learning import learn_from
from realtime.commands.options import OutputOptions, ReadingOptions, output_options, reading_options
from realtime.commands.profile import profiled_command
from realtime.commands.wanting import WantedOptions, wanted_options
from realtime.live.viewer import Viewer
from realtime.measuring.explain import explain
from realtime.outputs.files import of_page, output_paths
from realtime.outputs.grid import table_text
from realtime.outputs.overlay import draw_with_list
from realtime.outputs.pictures import check_picture, kept_ending, save_picture
from realtime.outputs.sink import Sink
from realtime.reader import Reader
from realtime.reading.turning import TURNS
from realtime.sources.decoding import decode, is_animated
from realtime.sources.frame import Frame, SourceError
from realtime.sources.names import show
from realtime.sources.picture_bytes import read_bytes, source_name
from realtime.sources.pictures import PICTURES, PictureSequence, is_glob
from realtime.sources.remote import is_remote, list_remote
from realtime.tracking.tracked_frame import TrackedFrame

# Marks on pages without numbers from which on they are told: those refused are more than a stain or a seam gives, those
# that stand too close to be looked at one by one more than any page of writing has. Set by hand.
MANY, CROWD = 20, 2000
# Pixels of a side on which marks are counted, and deviation of grey below which paper is blank. Set by hand.
SIDE, PLAIN = 3000, 10.0
TABLE_HELP = "Write the numbers of each page as a table, a cell each, into this CSV file."
ROTATE_HELP = "Turn photos by so many degrees clockwise to read them; auto: as their digits are surest."
LEARN_HELP = "Learn from the digits of PHOTO that are read otherwise than TRUTH, its lines parted by |."
EXPLAIN_HELP = "Write the steps of each reading as a figure into this folder."


@dataclass(frozen=True)
class PhotoTask(FileTask):
    """How photos are read.

    explain_folder: where the figure that explains each reading goes. table: their tables. turn: degrees clockwise by
    which to turn them, None to find out.
    """

    unit, save_kind, still = "photo", "picture", True
    explain_folder: Path | None
    table: Path | None
    turn: int | None

    def targets(self, files: Sequence[Path], save: Path) -> list[Path]:
        """Put the picture of one photo where `save` says, those of several into that folder."""
        if len(files) == 1 and save.suffix:
            check_picture(save)
            return [save]
        refuse_file_for_several(save, PICTURES)
        return output_paths(save, files, kept_ending)

    def figures(self, files: Sequence[Path]) -> list[Path]:
        """Put the figures of all photos into the folder of --explain."""
        return output_paths(self.explain_folder, files, "-explained.png") if self.explain_folder is not None else []

    def table_file(self) -> Path | None:
        """Put all tables into the file of --table."""
        return self.table

    def read(self, job: Job, reader: Reader, sinks: Sequence[Sink], window: Viewer | None = None) -> FileResult:
        """Read each page of a photo as a frame, from 0 on, whose numbers are settled."""
        photo = job.path
        name, rows, notes, error, tables, refused, crowded, missing = source_name(photo), [], [], "", [], 0, 0, ""
        try:
            data = read_bytes(photo)
            if is_animated(data, name):
                notes.append(f"{name} moves: its first frame is read here, all of them by recognize-video")
            for index, image in enumerate(decode(data, name)):
                tracked = TrackedFrame.of_picture(Frame(image, index, 0.0, name), reader.read(image, self.turn))
                if tracked.page.turned and self.turn is None:
                    notes.append(
                        f"{name}: read turned by {tracked.page.turned} degrees; --rotate 0 reads it as it lies"
                    )
                missing = f", {tracked.page.missing}" if tracked.page.missing else ""
                self._draw(tracked, job)
                for sink in sinks if window is None else [*sinks, window]:
                    sink.take(tracked)
                rows += tracked.page.named_rows
                tables.append(table_text(tracked.page))
                refused += sum(bool(refusal) for refusal in tracked.page.refusals)
                crowded += 0 if rows else count_marks(image)
        except SourceError as broken:
            error = str(broken)
        if not rows and not error:
            notes.append(f"{name}: no number found{missing or explain_nothing(refused, crowded)}")
        return FileResult(photo, tuple(rows), tuple(notes), error, table="".join(f"{table}\n" for table in tables))

    def _draw(self, tracked: TrackedFrame, job: Job) -> None:
        """Write the figure that explains a page, and its annotated copy; those of further pages have their number."""
        image, page = tracked.frame.image, tracked.frame.index
        if job.figure is not None:
            title = show(job.path.name) + (f", page {page + 1}" if page else "")
            explain(of_page(job.figure, page), image, tracked.page, title)
        if job.target is not None:
            picture = draw_with_list(image, tracked.tracks, tracked.page.regions)
            save_picture(of_page(job.target, page), picture)


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


@profiled_command
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path), metavar="PHOTO...")
@reading_options
@wanted_options
@output_options(show=False)
@click.option("--explain", "explain_folder", type=click.Path(path_type=Path), metavar="DIR", help=EXPLAIN_HELP)
@click.option("--table", type=click.Path(path_type=Path), metavar="FILE", help=TABLE_HELP)
@click.option(
    "--rotate", type=click.Choice(["auto", *map(str, TURNS)]), default="auto", show_default=True, help=ROTATE_HELP
)
@click.option("--learn", "truths", multiple=True, metavar="PHOTO=TRUTH", help=LEARN_HELP)
@bulk_options
def main(
    photos: tuple[Path, ...],
    reading: ReadingOptions,
    wanting: WantedOptions,
    output: OutputOptions,
    explain_folder: Path | None,
    table: Path | None,
    rotate: str,
    truths: tuple[str, ...],
    bulk: BulkOptions,
) -> None:
    """Read the numbers of each PHOTO: one line of text for a line of writing, numbers parted by blanks.

    PHOTO may be a folder, "-" for standard input, an http address, or s3://bucket/folder. Of several photos each line
    begins with the name of its photo. Each page of a TIFF or PDF is a frame of its own. --save takes a picture's name
    for one photo, a folder for several. A photo that cannot be read stops no other; the exit status is then 3.
    """
    if bool(truths) == bool(photos):
        raise click.UsageError("name photos to read, or photos and their truth to --learn from")
    turn = None if rotate == "auto" else int(rotate)
    if truths:
        learn_from(truths, reading, turn)
        return
    with exit_codes():
        files = list(chain.from_iterable(files_of(photo) for photo in photos))
    read_files(PhotoTask(reading, wanting, explain_folder, table, turn), files, output, bulk)


def files_of(photo: Path) -> list[Path]:
    """Return the pictures of a folder or pattern, else the photo itself. Raises SourceError where it holds none."""
    if is_remote(photo):
        return list_remote(photo, PICTURES)
    return PictureSequence(str(photo)).paths if photo.is_dir() or is_glob(str(photo)) else [photo]
