"""recognize-image: read the numbers of photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from realtime.commands.bulk import BulkOptions, bulk_options
from realtime.commands.console import console_command
from realtime.commands.files import FileResult, FileTask, Job, read_files
from realtime.commands.options import OutputOptions, ReadingOptions, output_options, reading_options
from realtime.live.viewer import Viewer
from realtime.measuring.explain import explain
from realtime.outputs.files import output_paths
from realtime.outputs.overlay import draw
from realtime.outputs.pictures import check_picture, save_picture
from realtime.outputs.sink import Sink
from realtime.reader import Reader
from realtime.reading.turning import TURNS
from realtime.sources.decoding import decode, is_animated
from realtime.sources.frame import Frame, SourceError
from realtime.sources.names import show
from realtime.sources.picture_bytes import read_bytes, source_name
from realtime.tracking.tracked_frame import TrackedFrame

ROTATE_HELP = "Turn photos by so many degrees clockwise to read them; auto: as their digits are surest."
EXPLAIN_HELP = "Write the steps of each reading as a figure into this folder."


@dataclass(frozen=True)
class PhotoTask(FileTask):
    """How photos are read.

    explain_folder: where the figure that explains each reading goes. turn: degrees clockwise by which to turn them,
    None to find out.
    """

    unit, save_kind, still = "photo", "picture", True
    explain_folder: Path | None
    turn: int | None

    def targets(self, files: Sequence[Path], save: Path) -> list[Path]:
        """Put the picture of one photo where `save` says, those of several into that folder."""
        if len(files) > 1 or not save.suffix:
            return output_paths(save, files, ".png")
        check_picture(save)
        return [save]

    def figures(self, files: Sequence[Path]) -> list[Path]:
        """Put the figures of all photos into the folder of --explain."""
        return output_paths(self.explain_folder, files, "-explained.png") if self.explain_folder is not None else []

    def read(self, job: Job, reader: Reader, sinks: Sequence[Sink], window: Viewer | None = None) -> FileResult:
        """Read each page of a photo as a frame, from 0 on, whose numbers are settled."""
        photo = job.path
        name, rows, notes, error = source_name(photo), [], [], ""
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
                self._draw(tracked, job)
                for sink in sinks if window is None else [*sinks, window]:
                    sink.take(tracked)
                rows += tracked.page.rows
        except SourceError as broken:
            error = str(broken)
        if not rows and not error:
            notes.append(f"{name}: no number found")
        return FileResult(photo, tuple(rows), tuple(notes), error)

    def _draw(self, tracked: TrackedFrame, job: Job) -> None:
        """Write the figure that explains a page, and its annotated copy; those of further pages have their number."""
        image, page = tracked.frame.image, tracked.frame.index
        part = f"-{page + 1}" if page else ""
        if job.figure is not None:
            figure = job.figure.with_stem(f"{job.figure.stem}{part}")
            explain(figure, image, tracked.page, f"{show(job.path.name)}{part}")
        if job.target is not None:
            save_picture(job.target.with_stem(f"{job.target.stem}{part}"), draw(image, tracked.tracks))


@console_command
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTO...")
@reading_options
@output_options(show=False)
@click.option("--explain", "explain_folder", type=click.Path(path_type=Path), metavar="DIR", help=EXPLAIN_HELP)
@click.option(
    "--rotate", type=click.Choice(["auto", *map(str, TURNS)]), default="auto", show_default=True, help=ROTATE_HELP
)
@bulk_options
def main(
    photos: tuple[Path, ...],
    reading: ReadingOptions,
    output: OutputOptions,
    explain_folder: Path | None,
    rotate: str,
    bulk: BulkOptions,
) -> None:
    """Read the numbers of each PHOTO: one line of text for a line of writing, numbers parted by blanks.

    PHOTO may be "-", standard input, or an http address. Each page of a TIFF or PDF is a frame of its own. --save takes
    a picture's name for one photo, a folder for several. A photo that cannot be read does not stop the
    others; the exit status is then 3.
    """
    read_files(PhotoTask(reading, explain_folder, None if rotate == "auto" else int(rotate)), photos, output, bulk)
