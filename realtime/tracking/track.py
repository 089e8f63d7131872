"""Follow one number over frames: where it stands, what it says, and when that must give way to something else."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box, enclose
from realtime.reading.expectation import Expectation
from realtime.reading.page import UNSURE, Digit, Number, join_digits, number_to_dict
from realtime.reading.remembering import REMEMBERED
from realtime.tracking.erasure import is_erased
from realtime.tracking.judgement import Judgement
from realtime.tracking.said import Said, Saying, look_of, said_to_be
from realtime.tracking.votes import Span, Tally, Votes, hidden_places

# Set by hand: on clips with damaged frames, on sheets that are rewritten and covered (tests/tracking/test_settling.py),
# and LONE_STROKE_TIME on clips without writing, where all that settled were edges read as 1.
SHOW_MISSED = 0.25  # s that a settled number is still shown when frames do not show it
KEEP_COVERED = 1.2  # s that a settled text outlives frames which show only a part of it
UNSETTLE_AGREEING = 0.2  # s without a frame that agrees after which two frames that agree on another text unsettle it
UNSETTLE_ALWAYS = 0.5  # s without a frame that agrees after which it is unsettled in any case
LONE_STROKE_TIME = 0.8  # s that bare strokes, read as 1, must be in sight to settle where no other number has

State = Literal["seen", "settled"]


@dataclass(frozen=True)
class Track:
    """A number as it stands after a frame.

    digits: with the voted texts. first, last: when it was seen, s. state: "settled" once enough frames agree on its
    text, "seen" before. fresh: its digits were seen in this very frame; else they stand where the sheet's motion
    carries them. expectation: what it was expected to be, if anything was. region: the one that it stands
    in, if any. judgement: what is believed of it, where it is judged.
    """

    id: int
    row: int
    digits: tuple[Digit, ...]
    first: float
    last: float
    state: State = "seen"
    confidence: float = 0.0
    fresh: bool = True
    expectation: Expectation | None = None
    region: str = ""
    judgement: Judgement | None = None

    @property
    def text(self) -> str:
        """The number as written, its minus, point or comma included; "?" for an unsure digit."""
        return join_digits(self.digits)

    @property
    def digit_text(self) -> str:
        """Its digits alone, "?" for an unsure one."""
        return "".join(digit.text for digit in self.digits)

    @property
    def fits(self) -> bool | None:
        """Whether it is as expected; None where nothing is. A number with a "?" is not."""
        return self.expectation.allows(self.text) if self.expectation else None

    @property
    def box(self) -> Box:
        """The box around all digits, x, y, w, h, half-open, frame pixels."""
        return enclose([digit.box for digit in self.digits])

    def to_dict(self) -> dict[str, Any]:
        """Return the number as it stands in a JSON line."""
        confidence, digits = self.confidence, self.digits
        line = number_to_dict(self.id, self.text, self.state, self.row, confidence, digits, self.fits, self.region)
        return line | (self.judgement.to_dict() if self.judgement else {})


class FollowedNumber:
    """A number followed over frames: its votes, the track it shows, where it stands, and the texts it held.

    boxes: (n, 4) x, y, w, h of its digits, not rounded, so that they do not drift while carried along. spans: the texts
    it settled as. settle: s for which readings must agree, None for the usual. hidden: only parts of it were seen since
    it came back into sight. taught: something was learned since it was read.
    """

    def __init__(self, track_id: int, number: Number, time: float, settle: float | None = None) -> None:
        self.track = Track(
            track_id, number.row, number.digits, time, time, expectation=number.expectation, region=number.region
        )
        self.boxes = np.array([digit.box for digit in number.digits], np.float64)
        self.spans: list[Span] = []
        self.hidden = self.taught = False
        self._votes = Votes(settle)
        self._said = Said()
        self._agreed = time  # when a frame last agreed with the settled text
        self._whole: tuple[NDArray[np.uint8], list[Box]] | None = None  # the settled text as last seen, and its boxes

    def move(self, boxes: NDArray[np.float64], fresh: bool) -> None:
        """Carry the digits to boxes (n, 4); fresh: they are seen there, else not until seen again."""
        self.boxes = boxes
        self.track = self._placed() if fresh else replace(self.track, fresh=False)

    def stay(self, time: float) -> None:
        """Take in a frame that shows just what the one before it showed."""
        self.track = replace(self.track, last=time)
        if self.track.state == "settled":
            self._agreed = time if self.track.fresh else self._agreed
            self._extend(time, time)

    @property
    def decided(self) -> bool:
        """Whether it is settled, and the last frame said the same."""
        return self.track.state == "settled" and self.track.fresh and not self.hidden

    def view(self) -> Track:
        """Return the track with its digits where they stand."""
        return self.track if self.track.fresh else self._placed()

    def _placed(self) -> Track:
        """Return the track with its digits' boxes rounded from `boxes`."""
        boxes = np.rint(self.boxes).astype(int).tolist()
        digits = tuple(replace(d, box=tuple(box)) for d, box in zip(self.track.digits, boxes, strict=True))
        return replace(self.track, digits=digits)

    def miss(self, time: float) -> None:
        """Take in a frame that does not show the number."""
        self._votes.cast(None, time)

    def see(
        self, number: Number, time: float, confidence: float, others_settled: bool, image: NDArray[np.uint8] | None
    ) -> None:
        """Take in how one frame reads the number, and decide anew what it is.

        confidence: a digit less sure is "?". others_settled: another number has settled. image: the frame, (H, W, 3).
        """
        number = self._said.apply(number, self.boxes, time, image)
        self._take_remembered(number)
        ballot = self._votes.cast(number, time)
        tally = self._votes.count(confidence, first=not self.spans)
        lone = not (self.spans or others_settled or time - self.track.first >= LONE_STROKE_TIME)
        if lone and set(tally.text) == {"1"}:
            tally = replace(tally, settles=False)
        settled = self.track.state == "settled"
        # After a gap a part of a number does not speak for the whole: something else may stand there now.
        self.hidden = settled and (self.hidden or time - self.track.last > SHOW_MISSED)
        self.track = replace(self.track, last=time)
        if settled and ballot.agrees(self.track.digit_text):
            self._agreed = time
        if settled and not self._yields(number, tally, time, image):
            if len(tally.text) == len(number.digits) and ballot.agrees(self.track.digit_text):
                self._show(number, self.track.digit_text, tally, "settled")
        elif len(tally.text) == len(number.digits):
            self._show(number, tally.text, tally, "settled" if tally.settles else "seen")
        elif settled:
            self.track = replace(self.track, state="seen")
        if self.track.state == "settled":
            since = max(tally.since, self._agreed)
            self._agreed = time if not settled else self._agreed
            self._extend(time, since)
            if image is not None and self.track.fresh:
                self._whole = image, [digit.box for digit in self.track.digits]

    def _yields(self, number: Number, tally: Tally, time: float, image: NDArray[np.uint8] | None) -> bool:
        """Tell whether the settled text must give way to what the frames now add up to."""
        without = time - self._agreed
        if tally.text == self.track.digit_text:
            return False
        hidden, step = hidden_places(number, self.boxes, self.track.digit_text)
        if hidden:
            self.boxes[:, :2] += step  # what is covered stays beside what is seen: carried alone it would drift
        if hidden and not self._wiped(hidden, image):
            return without > KEEP_COVERED
        return tally.settles or (tally.frames >= 2 and without >= UNSETTLE_AGREEING) or without >= UNSETTLE_ALWAYS

    def _wiped(self, hidden: list[int], image: NDArray[np.uint8] | None) -> bool:
        """Tell whether paper is bare where one of the hidden digits stood: it was wiped away, nothing lies over it."""
        if image is None or self._whole is None:
            return False
        old, before = self._whole
        now = [tuple(box) for box in np.rint(self.boxes).astype(int).tolist()]
        if len(before) != len(now):
            return False
        shown = next(i for i in range(len(now)) if i not in hidden)
        seen = before[shown], now[shown]
        return any(is_erased(old, before[i], image, now[i], seen) for i in hidden)

    def say(self, place: int, label: str, image: NDArray[np.uint8], box: Box) -> None:
        """Take a digit for what a person says, for as long as it looks as it does in image (H, W, 3) at a box."""
        digit = self.track.digits[place]
        self._said.say(place, Saying(label, look_of(image, box), digit, self.track.last))
        self._name(place, said_to_be(digit, label))

    def take_back(self, place: int) -> None:
        """Take a digit for what it was before a person said what it is."""
        before = self._said.take_back(place)
        if before is not None and place < len(self.track.digits):
            self._name(place, replace(before, box=self.track.digits[place].box))

    def _take_remembered(self, number: Number) -> None:
        """Take digits at once for what was just learned of them: how they were read before tells nothing."""
        if self.taught and len(number.digits) == len(self.track.digits):
            for place, digit in enumerate(number.digits):
                if digit.model == REMEMBERED and digit.text != UNSURE:
                    self._name(place, replace(digit, before=self.track.digits[place].before))
        self.taught = False

    def _name(self, place: int, digit: Digit) -> None:
        """Show a digit, and let it count as what each frame said of it."""
        digits = (*self.track.digits[:place], digit, *self.track.digits[place + 1 :])
        self._votes.rewrite(place, digits)
        self.track = replace(self.track, digits=digits, confidence=min(digit.confidence for digit in digits))

    def forget(self) -> None:
        """Let go of the picture it was last seen in."""
        self._whole = None

    def _show(self, number: Number, text: str, tally: Tally, state: State) -> None:
        """Show a text over this frame's digits; a settled number's signs do not come and go while its digits stay."""
        same = self.track.state == "settled" and text == self.track.digit_text
        held = [digit.before for digit in self.track.digits] if same else [None] * len(text)
        digits = tuple(
            replace(d, text=t, confidence=float(s), before=tally.sign(place, before))
            for place, (t, s, d, before) in enumerate(zip(text, tally.confidences, number.digits, held, strict=True))
        )
        self.boxes = np.array([digit.box for digit in digits], np.float64)
        self._said.follow()
        self.hidden = False
        least = min(digit.confidence for digit in digits)
        self.track = replace(
            self.track,
            row=number.row,
            digits=digits,
            state=state,
            confidence=least,
            fresh=True,
            expectation=number.expectation,
            region=number.region,
        )

    def _extend(self, time: float, since: float) -> None:
        """Keep the spans of settled text up to date; since: when the present text was first seen after another one."""
        if self.spans and self.spans[-1].text == self.track.text:
            self.spans[-1] = replace(self.spans[-1], last=time)
        else:
            first = since if self.spans else self.track.first
            self.spans.append(Span(self.track.text, first, time, self.track.region))
