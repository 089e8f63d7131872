"""Learn from photos whose truth is told: what is read otherwise is remembered, and kept for fine-tuning."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import click

from realtime.commands.console import exit_codes, note
from realtime.commands.options import ReadingOptions, open_reader
from realtime.live.collecting import FINETUNE_FOLDER, Collector, Selectable, name_session, shown_digits
from realtime.live.remember import Keeper
from realtime.sources.decoding import decode
from realtime.sources.frame import Frame
from realtime.sources.picture_bytes import read_bytes, source_name
from realtime.tracking.tracked_frame import TrackedFrame

LEAST_COMMON = 0.5  # share of digits that reading and truth have in common at least; set by hand


def learn_from(truths: Sequence[str], reading: ReadingOptions, turn: int | None) -> None:
    """Learn from each PHOTO=TRUTH, and write what is then read in it; turn: degrees clockwise, None to find out.

    Exits with an error code for a photo that cannot be read, or whose truth has little in common with what is read.
    """
    parts = [text.rpartition("=") for text in truths]
    for text, (photo, _, truth) in zip(truths, parts, strict=True):
        if not photo or not any(sign.isdigit() for sign in truth):
            raise click.UsageError(f"--learn {text!r} names no photo and its digits: write photo.jpg=4072")
    with exit_codes():
        reader = open_reader(reading)
        keeper, collector = Keeper(lambda: reader.networks), Collector(FINETUNE_FOLDER, name_session())
        for photo, _, truth in parts:
            name = source_name(Path(photo))
            image = next(decode(read_bytes(Path(photo)), name))
            tracked = TrackedFrame.of_picture(Frame(image, 0, 0.0, name), reader.read(image, turn))
            wrong = list(differing(tracked, truth, name))
            for digit, label in wrong:
                learned = keeper.learn(tracked, digit, label)
                if not tracked.page.turned:
                    collector.label(tracked, digit, label)
                how = "remembered" if learned else "not remembered, as its line alone tells it, or --model is given"
                note(f"{name}: {digit.text} is {label}, {how}{learned.describe() if learned else ''}")
            note(f"{name}: {len(wrong)} digits learned" if wrong else f"{name}: nothing to learn, all is read right")
            for row in reader.read(image, turn).named_rows:
                click.echo(row)


def differing(tracked: TrackedFrame, truth: str, name: str) -> Iterator[tuple[Selectable, str]]:
    """Yield the digits of a picture that are read otherwise, each with what it is.

    truth: the digits as they are written, all other signs and blanks are passed over. Digits that are missing, or that
    stand in a place with more or fewer than there are, are passed over too. Raises ValueError where the two have too
    little in common.
    """
    digits, true = shown_digits(tracked.tracks), "".join(sign for sign in truth if sign.isdigit())
    read = "".join(digit.text for digit in digits)
    matcher = SequenceMatcher(None, read, true, autojunk=False)
    same = sum(size for *_, size in matcher.get_matching_blocks())
    if same < LEAST_COMMON * max(len(read), len(true)):
        raise ValueError(f"{name}: {read or 'nothing'} is read, which has too little in common with {true}")
    for kind, i, stop, j, end in matcher.get_opcodes():
        if kind == "replace" and stop - i == end - j:
            yield from zip(digits[i:stop], true[j:end], strict=True)
