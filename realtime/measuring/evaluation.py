"""Read whole sources and count what is right: rows of pictures and clips, pictures of one digit, or nothing told."""

import heapq
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from realtime.measuring.contact_sheet import Tile, make_tile
from realtime.measuring.scoring import RowScore, score_rows
from realtime.measuring.truth import DIGITS, LABELS, NOT_A_DIGIT, Passage, Sample, Sheet
from realtime.reading.page import UNSURE, Page
from realtime.sources.clip import CLIPS, Clip
from realtime.sources.frame import Frame
from realtime.sources.pictures import read_picture
from realtime.tracking.tracker import Span, Tracker

SEVERAL, NOTHING = "several", "nothing"
COLUMNS = (*DIGITS, UNSURE, SEVERAL, NOTHING)  # of the confusion matrix
MOST_TILES = 120  # more misread pictures are counted, not shown
TILES_A_CLIP, APART = 4, 25  # worst frames shown of each clip, at most one of so many that follow each other
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
    tqdm.write(line, file=sys.stdout)


def judge_sheets(name: str, sheets: list[Sheet], reader: ReadImage, tiles: bool) -> SourceScore:
    """Read pictures of rows of numbers; a line for each, with the truth where it differs."""
    total, misread, told = RowScore(), [], []
    for sheet in tqdm(sheets, unit="picture", disable=None):
        image = read_picture(sheet.path)
        page = reader(image)
        rows = page.rows
        score = score_rows(rows, list(sheet.rows))
        total += score
        text, truth = "|".join(rows), "|".join(sheet.rows)
        differs = score.edits.total > 0 or score.parted < score.rows
        say(f"{sheet.path.name}: {score.exact}/{score.rows}  {text or NOTHING}" + f"  truth {truth}" * differs)
        told.append({"file": sheet.path.name, "read": text, "truth": truth, "rows": score.rows, "exact": score.exact})
        if tiles and differs and len(misread) < MOST_TILES:
            lines = (f"{sheet.path.name}  {score.exact}/{score.rows}", f"truth {truth}", f"read  {text}")
            misread.append(make_tile(image, page, lines))
    figures = {**row_figures(total), "pictures": told}
    return SourceScore(name, "rows exact", total.percent_exact, row_summary(total), figures, misread)


def judge_passages(
    name: str, passages: list[Passage], reader: ReadImage, wanted: frozenset[int] | None, tiles: bool
) -> SourceScore:
    """Read clips of which passages are told; hold the numbers that settled against the numbers of each passage."""
    total, shown, right, missing, extra = RowScore(), 0, 0, [], []
    told: list[dict[str, object]] = []
    misread: list[Tile] = []
    for path, group in groupby(sorted(passages, key=lambda p: (p.path, p.start)), key=lambda p: p.path):
        parts, tracker, worst = list(group), Tracker(), Worst(tiles)
        for frame, page in pages(path, reader, wanted):
            tracker.update(page.numbers, frame.time, frame.image)
            part = next((p for p in parts if p.start <= frame.time < p.end), None)
            if part is not None:
                score = score_rows(page.rows, list(part.rows))
                total += score
                worst.offer(score.edits.total, frame, page, f"truth {'|'.join(part.rows)}")
        misread += worst.tiles()
        for part in parts:
            numbers = {number for row in part.rows for number in row.split()}
            settled = {span.text for span in tracker.settled() if _part_of(span, parts) is part}
            shown, right = shown + len(numbers), right + len(numbers & settled)
            missing, extra = [*missing, *sorted(numbers - settled)], [*extra, *sorted(settled - numbers)]
            lacks = f"  missing {' '.join(sorted(numbers - settled))}" if numbers - settled else ""
            more = f"  extra {' '.join(sorted(settled - numbers))}" if settled - numbers else ""
            say(f"{path.name} {part.start:g}-{part.end:g} s: {len(numbers & settled)}/{len(numbers)}{lacks}{more}")
            told.append(
                {"file": path.name, "start": part.start, "numbers": sorted(numbers), "settled": sorted(settled)}
            )
    # A false number that settled counts as much as one that did not.
    percent = 100 * right / max(1, shown + len(extra))
    summary = [
        f"numbers settled {right} of {shown}, {len(extra)} that are not there",
        *(f"frame by frame, {line}" for line in row_summary(total)),
    ]
    figures = {"numbers": shown, "settled": right, "missing": missing, "extra": extra, "passages": told}
    return SourceScore(name, "numbers settled", percent, summary, {**figures, "frames": row_figures(total)}, misread)


def judge_samples(name: str, samples: list[Sample], reader: ReadImage, tiles: bool) -> SourceScore:
    """Read pictures of one digit each, or of none; count those read as exactly that digit and nothing else."""
    confusion = np.zeros((len(LABELS), len(COLUMNS)), np.int64)
    among, misread, wrong = 0, [], []
    groups: dict[str, list[int]] = {}
    for sample in tqdm(samples, unit="picture", disable=None):
        image = sample.load()
        page = reader(image)
        text = "".join(reading.text for reading in page.numbers)
        column = NOTHING if not text else text if len(text) == 1 else SEVERAL
        confusion[LABELS.index(sample.label), COLUMNS.index(column)] += 1
        right = column == (NOTHING if sample.label == NOT_A_DIGIT else sample.label)
        among += right or sample.label in text
        groups.setdefault(sample.group, []).append(int(right))
        if not right:
            wrong.append({"file": sample.name, "label": sample.label, "read": text})
            if tiles and len(misread) < MOST_TILES:
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
    figures |= {"labels": LABELS, "columns": COLUMNS, "confusion": confusion.tolist()}
    return SourceScore(
        name, "pictures read right", percent, [*confusion_table(confusion), *summary], figures, misread, confusion
    )


def judge_untold(
    name: str, files: list[Path], reader: ReadImage, wanted: frozenset[int] | None, shows: str | None, tiles: bool
) -> SourceScore:
    """Read clips and pictures of which nothing is told: every digit is false, unless `shows` names those in view."""
    expected = sorted(shows or "")
    frames = false = right = settled = 0
    told, misread = [], []
    for path in tqdm(files, unit="file", disable=None if len(files) > 1 else True):
        tracker, worst, counts = Tracker(), Worst(tiles), []
        for frame, page in pages(path, reader, wanted):
            tracker.update(page.numbers, frame.time, frame.image)
            found = sorted("".join(reading.text for reading in page.numbers))
            off = _difference(found, expected)
            counts.append(off)
            right += found == expected
            worst.offer(off, frame, page, f"read {' '.join(reading.text for reading in page.numbers)}")
        spans = [span.text for span in tracker.settled()] if path.suffix.lower() in CLIPS else []
        frames, false, settled = frames + len(counts), false + sum(counts), settled + len(spans)
        mean = sum(counts) / max(1, len(counts))
        say(f"{path.name}: {len(counts)} frames, {mean:.3f} digits off a frame, at most {max(counts, default=0)}")
        told.append({"file": path.name, "frames": len(counts), "digits": sum(counts), "settled": spans})
        misread += worst.tiles()
    percent = 100 * right / max(1, frames)
    rate = false / max(1, frames)
    kind = "missing or false" if shows else "false"
    summary = [
        f"{kind} digits a frame {rate:.4f} ({false} in {frames} frames), numbers settled {settled}",
        f"frames right {right} of {frames} ({percent:.1f} %)",
    ]
    figures = {"frames": frames, "digits": false, "digits_a_frame": rate, "frames_right": right, "files": told}
    return SourceScore(name, "frames right", percent, summary, figures, misread[:MOST_TILES])


def pages(path: Path, reader: ReadImage, wanted: frozenset[int] | None) -> Iterator[tuple[Frame, Page]]:
    """Yield the frames of a clip or picture that are wanted, all where None, and what was read in each."""
    if path.suffix.lower() not in CLIPS:
        image = read_picture(path)
        yield Frame(image, 0, 0.0, str(path)), reader(image)
        return
    most = max(wanted) + 1 if wanted else None
    with Clip(path) as clip:
        frames = clip.frames(limit=most)
        for frame in tqdm(frames, total=most or clip.count or None, unit="frame", disable=None, leave=False):
            if wanted is None or frame.index in wanted:
                yield frame, reader(frame.image)


class Worst:
    """The worst frames of a clip, not two that follow each other closely."""

    def __init__(self, kept: bool) -> None:
        self._kept = kept
        self._best: dict[int, tuple[int, Tile]] = {}

    def offer(self, off: int, frame: Frame, page: Page, line: str) -> None:
        """Keep the frame if more digits are off than in its neighbours."""
        place = frame.index // APART
        if self._kept and off > self._best.get(place, (0,))[0]:
            title = f"{Path(frame.source).name} frame {frame.index}: {off} off"
            self._best[place] = off, make_tile(frame.image, page, (title, line))
            for place in heapq.nsmallest(len(self._best) - TILES_A_CLIP, self._best, key=lambda p: self._best[p][0]):
                del self._best[place]

    def tiles(self) -> list[Tile]:
        """Return the tiles, worst first."""
        return [tile for _, tile in sorted(self._best.values(), key=lambda entry: -entry[0])]


def row_summary(score: RowScore) -> list[str]:
    """Say in two lines how many rows were read exactly, and which digits were not."""
    edits, percent = score.edits, 100 * score.parted / max(1, score.rows)
    return [
        f"rows exact {score.exact} of {score.rows} ({score.percent_exact:.1f} %), "
        f"with numbers parted alike {score.parted} ({percent:.1f} %)",
        f"digit error {score.digit_error:.2f} %: {edits.wrong} wrong, {edits.missing} missing, {edits.extra} extra "
        f"of {score.digits}",
    ]


def row_figures(score: RowScore) -> dict[str, object]:
    """Return a score for JSON."""
    figures = {"rows": score.rows, "exact": score.exact, "parted": score.parted, "digits": score.digits}
    edits = {"wrong": score.edits.wrong, "missing": score.edits.missing, "extra": score.edits.extra}
    return figures | edits | {"percent_exact": score.percent_exact, "digit_error": score.digit_error}


def confusion_table(confusion: NDArray[np.int64]) -> list[str]:
    """Return the confusion matrix as lines of text, a row for each label that occurs."""
    widths = [max(5, len(column) + 2) for column in COLUMNS]
    head = " " * 12 + "".join(f"{column:>{width}}" for column, width in zip(COLUMNS, widths, strict=True))
    lines = [
        f"{label:<12}" + "".join(f"{count or '.':>{width}}" for count, width in zip(counts, widths, strict=True))
        for label, counts in zip(LABELS, confusion.tolist(), strict=True)
        if any(counts)
    ]
    return [head, *lines]


def _part_of(span: Span, parts: Iterable[Passage]) -> Passage:
    """Return the passage in which a settled number was longest in view."""
    return max(parts, key=lambda part: min(part.end, span.last) - max(part.start, span.first))


def _difference(found: list[str], expected: list[str]) -> int:
    """Count the digits found that are not expected and those expected that are not found."""
    signs = {*found, *expected}
    return sum(abs(found.count(sign) - expected.count(sign)) for sign in signs)
