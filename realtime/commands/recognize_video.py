"""recognize-video: read the numbers of clips and say when each was seen."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path

import click
from tqdm import tqdm

from realtime.commands.bulk import BulkOptions, bulk_options
from realtime.commands.files import FileResult, FileTask, Job, read_files, refuse_file_for_several
from realtime.commands.options import OutputOptions, ReadingOptions, output_options, reading_options, settle_option
from realtime.commands.profile import profiled_command
from realtime.commands.wanting import WantedOptions, wanted_options
from realtime.live.viewer import Viewer
from realtime.outputs.files import output_paths
from realtime.outputs.sink import Sink
from realtime.outputs.video import VideoFile
from realtime.reader import Reader
from realtime.reading.page import named
from realtime.sources.clip import CLIPS
from realtime.sources.frame import SourceError
from realtime.sources.opening import open_file
from realtime.sources.recording import RecordedFrame


@dataclass(frozen=True)
class ClipTask(FileTask):
    """How clips are read: each `every`-th frame, at most `limit` of them."""

    unit, save_kind, still = "clip", "video", False
    every: int
    limit: int | None
    settle: float | None

    def targets(self, files: Sequence[Path], save: Path) -> list[Path]:
        """Put the video of one clip where `save` says, those of several into that folder."""
        if len(files) == 1:
            return [save]
        refuse_file_for_several(save, CLIPS)
        return output_paths(save, files, ".mp4")

    def read(self, job: Job, reader: Reader, sinks: Sequence[Sink], window: Viewer | None = None) -> FileResult:
        """Read a clip, a folder of pictures or a recording until it ends or the window was closed."""
        clip, target = job.path, job.target
        count = recorded = alike = shown = 0
        try:
            with ExitStack() as stack:
                source = stack.enter_context(open_file(clip))
                if target is not None:
                    sinks = [*sinks, stack.enter_context(VideoFile(target, source.fps / self.every))]
                total = min(-(-source.count // self.every), self.limit or source.count) or None
                stream = reader.stream(source.frames(self.every, self.limit), settle=self.settle)
                for tracked in tqdm(stream, total=total, unit="frame", disable=parent_process() is not None or None):
                    count += 1
                    shown += bool(tracked.tracks)
                    if isinstance(tracked.frame, RecordedFrame):
                        recorded += 1
                        alike += tracked.to_dict()["numbers"] == tracked.frame.numbers
                    for sink in sinks if window is None else [*sinks, window]:
                        sink.take(tracked)
                    if window is not None and window.closed:
                        break
        except SourceError as error:
            return FileResult(clip, error=str(error))
        spans = stream.settled()
        notes = [*source.notes, *([f"{alike} of {recorded} frames as recorded"] if recorded else [])]
        notes.append("first s  last s  number" if spans else "no number settled")
        if shown and not spans:
            notes.append(
                f"{shown} of {count} frames show numbers, none alike for long enough: --settle SECONDS asks for less"
            )
        notes += [f"{span.first:7.2f} {span.last:7.2f}  {named(span.region, span.text)}" for span in spans]
        return FileResult(clip, tuple(named(span.region, span.text) for span in spans), tuple(notes))


@profiled_command
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CLIP...")
@reading_options
@wanted_options
@output_options(show=False)
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read each N-th frame.")
@click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames read of each.")
@settle_option
@bulk_options
def main(
    clips: tuple[Path, ...],
    reading: ReadingOptions,
    wanting: WantedOptions,
    output: OutputOptions,
    every: int,
    max_frames: int | None,
    settle: float | None,
    bulk: BulkOptions,
) -> None:
    """Read the numbers of each CLIP, frame by frame, and list those that settled with the time first and last seen.

    CLIP may be a folder of pictures, or one made by recognize-camera --record: that is read with the settings it was
    recorded with, where --conf and --polarity do not say otherwise, and compared with what was decided then. --save
    takes a file's name for one clip, a folder for several. A clip that cannot be read does not stop the others; the
    exit status is then 3.
    """
    read_files(ClipTask(reading, wanting, every, max_frames, settle), clips, output, bulk)
