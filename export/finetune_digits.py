"""Fine-tune to a user's hand: `finetune-digits FOLDER`, with pictures in folders 0 to 9 and not-a-digit.

It stands here and not with training, because what it promotes is an exported and proven file.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import torch
from torch import nn

from export.promote import NAME, in_use, promote
from realtime.commands.console import FAILED, console_command, exit_codes, note
from realtime.reading.model_files import default_model
from training import checkpoint, corrections, finetune, finetune_report, gates
from training.data import DataError
from training.finetune_base import FinetuneBase, measure, prepare
from training.model import CLASSES
from training.selection import DOUBTED, HELD, TRAINED, Selection, select

LOOK, STILL = 0.5, 2.0  # s between looks of --watch, and without a change before corrections are taken up


@dataclass(frozen=True)
class Settings:
    """What the options say."""

    folder: Path
    models: Path
    report: Path
    plan: finetune.Plan
    margin: float
    trust: bool


@dataclass
class Clock:
    """Seconds that each part took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Count what runs inside to a part."""
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


@console_command
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--init", type=click.Path(path_type=Path), help="Checkpoint to start from.  [default: bundled best.pth]")
@click.option("--data", "mnist", type=click.Path(path_type=Path), help="Folder with MNIST's files.  [default: fetch]")
@click.option("--out", "models", type=click.Path(path_type=Path), default=Path("models"), show_default=True)
@click.option("--report", type=click.Path(path_type=Path), default=Path("runs/finetune"), show_default=True)
@click.option(
    "--freeze", type=click.IntRange(0, 3), default=3, show_default=True, help="Blocks of convolutions left untouched."
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=1e-3, show_default=True, help="Highest rate.")
@click.option(
    "--margin",
    type=click.FloatRange(0, 100),
    default=gates.MARGIN,
    show_default=True,
    help="Points of accuracy that the base test set may lose.",
)
@click.option("--trust", is_flag=True, help="Train on labels that look wrong too.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--watch", is_flag=True, help="Stay, and fine-tune again when new corrections lie there.")
def main(
    folder: Path,
    init: Path | None,
    mnist: Path | None,
    models: Path,
    report: Path,
    freeze: int,
    rate: float,
    margin: float,
    trust: bool,
    seed: int,
    watch: bool,
) -> None:
    """Fine-tune the network to the pictures in FOLDER, and promote it if it reads them better and forgets nobody.

    FOLDER holds folders 0 to 9 and not-a-digit, as recognize-camera --collect fills them; they are made if missing.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))  # one core stays for the live window
    settings = Settings(folder, models, report, finetune.Plan(freeze, rate, seed), margin, trust)
    with exit_codes():
        corrections.prepare(folder)
        if not watch and next(corrections.pictures(folder), None) is None:
            raise DataError(what_to_put(folder))
        clock = Clock()
        with clock.time("base data"):
            ground = prepare(init or default_model().with_suffix(".pth"), mnist, settings.plan)
        if watch:
            keep_watch(settings, ground)
        elif not tune_once(settings, ground, clock):
            sys.exit(FAILED)


def tune_once(settings: Settings, ground: FinetuneBase, clock: Clock) -> bool:
    """Fine-tune to what lies in the folder now, write the report, and promote; tell whether it was promoted."""
    with clock.time("finding digits"):
        in_place = in_use(settings.models)
        before, told = checkpoint.load(in_place) if in_place else (ground.base, ground.told)
        chosen = select(settings.folder, ground, set(told.get("trained_on", ())), settings.trust)
        settings.report.mkdir(parents=True, exist_ok=True)
        finetune_report.draw_samples(chosen, settings.report / "samples.png")
    tell(chosen, settings.report)
    with clock.time("training"):
        model, history = finetune.tune(ground.base, chosen.trained(), ground.rehearsal, settings.plan)
    with clock.time("measuring"):
        metadata, base, junk = measure(ground, model, settings.plan)
        said = [
            torch.softmax(finetune.run(m, chosen.crops) / float(t["temperature"]), dim=1)
            for m, t in ((before, told), (model, metadata))
        ]
        user = gates.Compared(chosen.labels, *said)
        judged = [
            gates.judge_user(user.part(chosen.which(HELD)), user.part(chosen.which(TRAINED))),
            gates.judge_base(base, settings.margin),
            gates.judge_junk(junk, float(metadata["threshold"])),
        ]
    against = str(in_place or ground.init.name)
    verdict = settle(settings, chosen, judged, against, model, metadata, clock)
    with clock.time("pictures"):
        finetune_report.draw_history(history, settings.report / "history.png")
        finetune_report.draw_confusion(user.part(chosen.which(TRAINED, HELD)), settings.report / "confusion.png")
    story = finetune_report.Story(chosen, against, user, base, judged, verdict, clock.seconds)
    finetune_report.write(story, settings.report / "report.md")
    for gate in judged:
        note(f"{'passed' if gate.passed else 'FAILED'}: {gate.text}")
    note(f"{verdict}; {settings.report / 'report.md'}; {sum(clock.seconds.values()):.1f} s")
    return all(gate.passed for gate in judged)


def settle(
    settings: Settings,
    chosen: Selection,
    judged: list[gates.Gate],
    against: str,
    model: nn.Module,
    metadata: dict[str, Any],
    clock: Clock,
) -> str:
    """Promote the network where all gates passed; return what became of it in a sentence."""
    failed = [gate.text for gate in judged if not gate.passed]
    if failed:
        return f"not promoted, {against} stays in use: {'; '.join(failed)}"
    with clock.time("export and parity"):
        fates = zip(chosen.corrections, chosen.fates, strict=True)
        names = sorted({chosen.name(c.path) for c, fate in fates if fate == TRAINED})
        difference = promote(model, metadata | {"trained_on": names}, settings.models)
    return f"promoted to {settings.models / NAME}.onnx, which says what its checkpoint says within {difference:.0e}"


def tell(chosen: Selection, report: Path) -> None:
    """Say what will be trained on, and name what will not."""
    for path, reason in chosen.left_out:
        note(f"left out {path}: {reason}")
    for i, other in chosen.looks.items():
        c = chosen.corrections[i]
        note(f"left out {c.path}: labelled {CLASSES[c.label]}, but looks like {CLASSES[other]}; --trust takes it")
    waiting = corrections.unlabelled(chosen.folder)
    if waiting:
        note(
            f"{waiting} pictures in {chosen.folder / corrections.INBOX} wait for a label: move them into their folders"
        )
    trained, held, doubted = (int(chosen.which(fate).sum()) for fate in (TRAINED, HELD, DOUBTED))
    note(f"{trained} to train on, {held} held out by {chosen.together}, {doubted} doubted: {report / 'samples.png'}")
    for text in chosen.unmeasured():
        note(f"not measured: {text}")


def what_to_put(folder: Path) -> str:
    """Say what belongs into an empty folder."""
    waiting = corrections.unlabelled(folder)
    inbox = f"; {waiting} pictures wait in its inbox" if waiting else ""
    return (
        f"nothing to learn from in {folder}{inbox}: put pictures of single digits into its folders 0 to 9, of what is "
        f"no digit into not-a-digit, or let recognize-camera --collect {folder} fill them"
    )


def keep_watch(settings: Settings, ground: FinetuneBase) -> None:
    """Fine-tune whenever the labelled pictures have changed and lain still for a while; Ctrl-C ends it."""
    note(f"watching {settings.folder}: Ctrl-C ends it")
    done: list[tuple[Path, int, int]] = []
    seen, since = done, time.monotonic()
    while True:
        there = listing(settings.folder)
        if there != seen:
            seen, since = there, time.monotonic()
        elif there and there != done and time.monotonic() - since >= STILL:
            done = there
            try:
                tune_once(settings, ground, Clock())
            except DataError as error:
                note(f"error: {error}")
        time.sleep(LOOK)


def listing(folder: Path) -> list[tuple[Path, int, int]]:
    """List the labelled pictures with their sizes and times of change."""
    found = []
    for path, _ in corrections.pictures(folder):
        try:
            told = path.stat()
        except FileNotFoundError:  # undone in the window between the listing and the look
            continue
        found.append((path, told.st_size, told.st_mtime_ns))
    return found


if __name__ == "__main__":
    main()
