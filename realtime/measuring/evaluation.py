"""Read whole sources and count what is right: rows of pictures and clips, pictures of one digit, unlabelled files."""

import heapq
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from realtime.measuring.confusion import NOTHING, READ_AS, SEVERAL, confusion_table
from realtime.measuring.contact_sheet import Tile, make_tile
from realtime.measuring.scoring import RowScore, row_figures, row_summary, score_lines, score_rows
from realtime.measuring.truth import LABELS, LabelledPicture, LabelledSource, Passage, Sample
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.page import Page
from realtime.sources.clip import CLIPS, Clip
from realtime.sources.frame import Frame
from realtime.sources.names import show
from realtime.sources.pictures import read_picture
from realtime.tracking.tracker import Tracker
from realtime.tracking.votes import Span

# The most misread pictures of a source that are drawn; more are only counted. Set by hand.
MAX_TILES = 120
# The most frames drawn of each clip, its worst, and at most one of so many frames that follow each other. Set by hand.
TILES_A_CLIP, FRAMES_A_TILE = 4, 25
ReadImage = Callable[[NDArray[np.uint8]], Page]


@dataclass
class SourceScore:
    """What came out for one source: `percent` right of what `measure` names.

    summary: lines for people. figures: the same for JSON. confusion: (11, 13) int64 counts, labels by what was read.
    """

    name: str
    measure: str
    percent: float
    summary: list[str]
    figures: dict[str, object]
    tiles: list[Tile] = field(default_factory=list)
    confusion: NDArray[np.int64] | None = None


def say(line: str) -> None:
    """Write a line on standard output without tearing the progress bar."""
    tqdm.write(show(line), file=sys.stdout)


def score_source(
    source: LabelledSource,
    picture: ReadImage,
    frame: ReadImage,
    frames: frozenset[int] | None,
    shows: str | None,
    tiles: bool,
) -> list[SourceScore]:
    """Read all that a source holds, and score each kind of truth by its own measure.

    picture, frame: how pictures are read, and frames of clips. frames: those of clips to read, all where None. shows:
    digits in view where nothing is known. tiles: draw what was misread. Raises SourceError where a file cannot be read.
    """
    name, scores = source.path.name or source.path.resolve().name, []
    if source.pictures:
        scores.append(score_pictures(name, source.pictures, picture, tiles))
    if source.passages:
        scores.append(score_passages(name, source.passages, frame, frames, tiles))
    if source.samples:
        scores.append(score_samples(name, source.samples, picture, tiles))
    if source.unlabelled:
        scores.append(score_unlabelled(name, source.unlabelled, frame, frames, shows, tiles))
    return scores


def score_pictures(name: str, pictures: list[LabelledPicture], reader: ReadImage, tiles: bool) -> SourceScore:
    """Read pictures of rows of numbers; a line for each, with the truth where it differs."""
    total, lines = RowScore(), []
    misread: list[Tile] = []
    for picture in tqdm(pictures, unit="picture", disable=None):
        image = read_picture(picture.path)
        page = reader(image)
        rows, file = page.rows, picture.path.name
        score = score_rows(rows, list(picture.rows))
        total += score
        if picture.written:
            total += score_lines([line.text for line in page.lines], list(picture.written))
        text, truth = "|".join(rows), "|".join(picture.rows)
        differs = score.edits.total > 0 or score.parted < score.rows
        say(f"{file}: {score.exact}/{score.rows}  {text or NOTHING}" + f"  truth {truth}" * differs)
        lines.append({"file": file, "read": text, "truth": truth, "rows": score.rows, "exact": score.exact})
        if tiles and differs and len(misread) < MAX_TILES:
            caption = (f"{file}  {score.exact}/{score.rows}", f"truth {truth}", f"read  {text}")
            misread.append(make_tile(image, page, caption))
    figures = {**row_figures(total), "pictures": lines}
    return SourceScore(name, "rows exact", total.percent_exact, row_summary(total), figures, misread)


def score_passages(
    name: str, passages: list[Passage], reader: ReadImage, frames: frozenset[int] | None, tiles: bool
) -> SourceScore:
    """Read clips of which passages are labelled; hold the numbers that settled against the numbers of each passage."""
    total, shown, right = RowScore(), 0, 0
    missing: list[str] = []
    extra: list[str] = []
    lines: list[dict[str, object]] = []
    misread: list[Tile] = []
    for path, group in groupby(sorted(passages, key=lambda p: (p.path, p.start)), key=lambda p: p.path):
        parts, tracker, worst = list(group), Tracker(), WorstFrames(tiles)
        for frame, page in read_pages(path, reader, frames):
            tracker.update(page.numbers, frame.time, frame.image)
            part = next((p for p in parts if p.start <= frame.time < p.end), None)
            if part is not None:
                score = score_rows(page.rows, list(part.rows))
                total += score
                worst.offer(score.edits.total, frame, page, f"truth {'|'.join(part.rows)}")
        misread += worst.tiles()
        for part in parts:
            numbers = {number for row in part.rows for number in row.split()}
            settled = {span.text for span in tracker.settled() if _passage_of(span, parts) is part}
            lacking, false = sorted(numbers - settled), sorted(settled - numbers)
            shown, right = shown + len(numbers), right + len(numbers & settled)
            missing, extra = [*missing, *lacking], [*extra, *false]
            differs = f"  missing {' '.join(lacking)}" * bool(lacking) + f"  extra {' '.join(false)}" * bool(false)
            say(f"{path.name} {part.start:g}-{part.end:g} s: {len(numbers & settled)}/{len(numbers)}{differs}")
            lines.append(
                {"file": path.name, "start": part.start, "numbers": sorted(numbers), "settled": sorted(settled)}
            )
    # A false number that settled counts as much as one that did not.
    percent = 100 * right / max(1, shown + len(extra))
    summary = [
        f"numbers settled {right} of {shown}, {len(extra)} that are not there",
        *(f"frame by frame, {line}" for line in row_summary(total)),
    ]
    figures = {"numbers": shown, "settled": right, "missing": missing, "extra": extra, "passages": lines}
    return SourceScore(name, "numbers settled", percent, summary, {**figures, "frames": row_figures(total)}, misread)


def score_samples(name: str, samples: list[Sample], reader: ReadImage, tiles: bool) -> SourceScore:
    """Read pictures of one digit each, or of none; count those read as exactly that digit and nothing else."""
    confusion = np.zeros((len(LABELS), len(READ_AS)), np.int64)
    among, wrong = 0, []
    misread: list[Tile] = []
    groups: dict[str, list[int]] = {}
    for sample in tqdm(samples, unit="picture", disable=None):
        image = sample.load()
        page = reader(image)
        text = "".join(number.text for number in page.numbers)
        read_as = NOTHING if not text else text if len(text) == 1 else SEVERAL
        confusion[LABELS.index(sample.label), READ_AS.index(read_as)] += 1
        right = read_as == (NOTHING if sample.label == NOT_A_DIGIT else sample.label)
        among += right or sample.label in text
        groups.setdefault(sample.group, []).append(int(right))
        if not right:
            wrong.append({"file": sample.name, "label": sample.label, "read": text})
            if tiles and len(misread) < MAX_TILES:
                misread.append(make_tile(image, page, (sample.name, f"{sample.label} read as {text or NOTHING}")))
    count, exact = len(samples), len(samples) - len(wrong)
    percent = 100 * exact / count
    summary = [
        f"exactly that digit {exact} of {count} ({percent:.1f} %), that digit among others too "
        f"{among} ({100 * among / count:.1f} %)"
    ]
    shares = {group: round(100 * float(np.mean(rights)), 2) for group, rights in groups.items()}
    if len(groups) > 1:
        summary += [f"{group}: {share:.1f} % of {len(groups[group])}" for group, share in shares.items()]
    figures = {"pictures": count, "exact": exact, "among": among, "groups": shares, "wrong": wrong}
    figures |= {"labels": LABELS, "columns": READ_AS, "confusion": confusion.tolist()}
    summary = [*confusion_table(confusion), *summary]
    return SourceScore(name, "pictures read right", percent, summary, figures, misread, confusion)


def score_unlabelled(
    name: str, files: list[Path], reader: ReadImage, frames: frozenset[int] | None, shows: str | None, tiles: bool
) -> SourceScore:
    """Read clips and pictures of which nothing is known: every digit is false, unless `shows` names those in view."""
    expected = sorted(shows or "")
    count = false = right = settled = 0
    lines: list[dict[str, object]] = []
    misread: list[Tile] = []
    for path in tqdm(files, unit="file", disable=None if len(files) > 1 else True):
        tracker, worst, errors = Tracker(), WorstFrames(tiles), []
        for frame, page in read_pages(path, reader, frames):
            tracker.update(page.numbers, frame.time, frame.image)
            found = sorted("".join(number.text for number in page.numbers))
            errors.append(_count_differences(found, expected))
            right += found == expected
            worst.offer(errors[-1], frame, page, f"read {' '.join(number.text for number in page.numbers)}")
        spans = [span.text for span in tracker.settled()] if path.suffix.lower() in CLIPS else []
        count, false, settled = count + len(errors), false + sum(errors), settled + len(spans)
        mean = sum(errors) / max(1, len(errors))
        say(f"{path.name}: {len(errors)} frames, {mean:.3f} digits off a frame, at most {max(errors, default=0)}")
        lines.append({"file": path.name, "frames": len(errors), "digits": sum(errors), "settled": spans})
        misread += worst.tiles()
    percent = 100 * right / max(1, count)
    rate = false / max(1, count)
    kind = "missing or false" if shows else "false"
    summary = [
        f"{kind} digits a frame {rate:.4f} ({false} in {count} frames), numbers settled {settled}",
        f"frames right {right} of {count} ({percent:.1f} %)",
    ]
    figures = {"frames": count, "digits": false, "digits_a_frame": rate, "frames_right": right, "files": lines}
    return SourceScore(name, "frames right", percent, summary, figures, misread[:MAX_TILES])


def read_pages(path: Path, reader: ReadImage, chosen: frozenset[int] | None) -> Iterator[tuple[Frame, Page]]:
    """Yield the chosen frames of a clip, all where None, or a picture as one frame, and what was read in each."""
    if path.suffix.lower() not in CLIPS:
        image = read_picture(path)
        yield Frame(image, 0, 0.0, str(path)), reader(image)
        return
    limit = max(chosen) + 1 if chosen else None
    with Clip(path) as clip:
        frames = clip.frames(limit=limit)
        for frame in tqdm(frames, total=limit or clip.count or None, unit="frame", disable=None, leave=False):
            if chosen is None or frame.index in chosen:
                yield frame, reader(frame.image)


class WorstFrames:
    """The worst frames of a clip as tiles, not two that follow each other closely; none where they are not `kept`."""

    def __init__(self, kept: bool) -> None:
        self._kept = kept
        self._worst: dict[int, tuple[int, Tile]] = {}  # number of errors and tile of each part of the clip

    def offer(self, errors: int, frame: Frame, page: Page, line: str) -> None:
        """Keep the frame if more digits are wrong than in its neighbours; line: what stands below it."""
        part = frame.index // FRAMES_A_TILE
        if self._kept and errors > self._worst.get(part, (0,))[0]:
            title = f"{Path(frame.source).name} frame {frame.index}: {errors} off"
            self._worst[part] = errors, make_tile(frame.image, page, (title, line))
            surplus = len(self._worst) - TILES_A_CLIP
            for best in heapq.nsmallest(surplus, self._worst, key=lambda part: self._worst[part][0]):
                del self._worst[best]

    def tiles(self) -> list[Tile]:
        """Return the tiles, worst first."""
        return [tile for _, tile in sorted(self._worst.values(), key=lambda entry: -entry[0])]


def _passage_of(span: Span, parts: Iterable[Passage]) -> Passage:
    """Return the passage in which a settled number was longest in view."""
    return max(parts, key=lambda part: min(part.end, span.last) - max(part.start, span.first))


def _count_differences(found: list[str], expected: list[str]) -> int:
    """Count the digits found that are not expected and those expected that are not found."""
    signs = {*found, *expected}
    return sum(abs(found.count(sign) - expected.count(sign)) for sign in signs)
