"""Fine-tune to a folder of labelled pictures, accept or refuse the result, and report: once, or whenever it changes."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from torch import nn

from export.promote import NAME, in_use, promote
from realtime.commands.console import note
from realtime.live.collecting import INBOX
from realtime.reading.model_files import default_model
from realtime.reading.stages import StageClock
from training import acceptance, checkpoint, corrections, finetune
from training.data import DataError
from training.finetune_base import FinetuneBase, evaluate, load_base
from training.recipe import CLASSES, FinetuneRecipe
from training.split import Split, Use, split_corrections

# Seconds between looks at a watched folder, and without a change before what lies there is learned: a user who corrects
# digit after digit is not interrupted. Set by hand.
WATCH_INTERVAL, QUIET_TIME = 0.5, 2.0


@dataclass(frozen=True)
class Settings:
    """What a fine-tuning is asked for.

    folder: labelled pictures. models, report: folders that are written. margin: percentage points of accuracy that the
    base test set may lose. trust: doubt no label.
    """

    folder: Path
    models: Path
    report: Path
    recipe: FinetuneRecipe
    margin: float
    trust: bool


def finetune_once(settings: Settings, init: Path | None, mnist: Path | None) -> bool:
    """Fine-tune to what lies in the folder; tell whether the result was promoted.

    init: the checkpoint to begin with, None for the one that ships. mnist: its files, None to fetch them. Raises
    DataError where there is nothing to learn from, and what `load_base` and `promote` raise.
    """
    corrections.make_folders(settings.folder)
    if next(corrections.list_pictures(settings.folder), None) is None:
        raise DataError(_empty_text(settings.folder))
    clock = StageClock()
    with clock.stage("base data"):
        base = load_base(init or default_model().with_suffix(".pth"), mnist, settings.recipe)
    return finetune_and_report(settings, base, clock)


def name_suspects(settings: Settings, init: Path | None, mnist: Path | None) -> None:
    """Name on standard output the pictures whose labels look wrong, the surest first; nothing is trained or written."""
    base = load_base(init or default_model().with_suffix(".pth"), mnist, settings.recipe)
    split = split_corrections(settings.folder, base, set(), trust=False, peers=0)
    for i, label in split.suggested.items():
        c = split.corrections[i]
        click.echo(f"{c.path}: labelled {CLASSES[c.label]}, looks like {CLASSES[label]}")
    note(f"{len(split.suggested)} of {len(split.corrections)} labels look wrong: move their pictures, or --trust them")


def watch(settings: Settings, init: Path | None, mnist: Path | None, parent: int) -> None:
    """Fine-tune whenever the labelled pictures have changed and lain still for a while, until Ctrl-C.

    parent: the process that started it; it ends too when that has gone, unless it was told to outlive it, by nohup.
    """
    corrections.make_folders(settings.folder)
    base = load_base(init or default_model().with_suffix(".pth"), mnist, settings.recipe)
    note(f"watching {settings.folder}: Ctrl-C ends it")
    done: list[tuple[Path, int, int]] = []
    latest, since = done, time.monotonic()
    stays = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    while stays or os.getppid() == parent:
        listing = _list_files(settings.folder)
        if listing != latest:
            latest, since = listing, time.monotonic()
        elif listing and listing != done and time.monotonic() - since >= QUIET_TIME:
            done = listing
            try:
                finetune_and_report(settings, base, StageClock())
            except DataError as error:
                note(f"error: {error}")
        time.sleep(WATCH_INTERVAL)
    note(f"what started it has gone: {settings.folder} is watched no longer; nohup keeps it up")


def finetune_and_report(settings: Settings, base: FinetuneBase, clock: StageClock) -> bool:
    """Fine-tune to what lies in the folder now, promote what is accepted, write the report; tell whether it was."""
    with clock.stage("finding digits"):
        current = in_use(settings.models)
        before, metadata_before = checkpoint.load(current) if current else (base.model, base.metadata)
        split = split_corrections(settings.folder, base, set(metadata_before.get("trained_on", ())), settings.trust)
    settings.report.mkdir(parents=True, exist_ok=True)
    _note_split(split, settings.report)
    with clock.stage("training"):
        model, history = finetune.finetune_network(base.model, split.training_set(), base.rehearsal, settings.recipe)
    with clock.stage("measuring"):
        metadata, test, negatives = evaluate(base, model, settings.recipe)
        probabilities = [
            torch.softmax(finetune.forward_batches(m, split.crops) / float(m_metadata["temperature"]), dim=1)
            for m, m_metadata in ((before, metadata_before), (model, metadata))
        ]
        user = acceptance.Comparison(split.labels, *probabilities)
        criteria = [
            acceptance.check_user_pictures(user.subset(split.mask(Use.HELD_OUT)), user.subset(split.mask(Use.TRAINED))),
            acceptance.check_base_accuracy(test, settings.margin),
            acceptance.check_negatives(negatives, float(metadata["threshold"])),
        ]
    compared_with = str(current or base.checkpoint_path.name)
    outcome = _promote_if_accepted(settings, split, criteria, compared_with, model, metadata, base, clock)
    with clock.stage("pictures"):  # last: a running window waits for the network, nobody for these
        from training import finetune_report

        finetune_report.draw_samples(split, settings.report / "samples.png")
        finetune_report.draw_history(history, settings.report / "history.png")
        members = split.mask(Use.TRAINED, Use.HELD_OUT)
        finetune_report.draw_confusion(user.subset(members), settings.report / "confusion.png")
    result = finetune_report.FinetuneResult(split, compared_with, user, test, criteria, outcome, clock.seconds)
    finetune_report.write(result, settings.report / "report.md")
    for criterion in criteria:
        note(f"{'passed' if criterion.passed else 'FAILED'}: {criterion.text}")
    note(f"{outcome}; {settings.report / 'report.md'}; {sum(clock.seconds.values()):.1f} s")
    return all(criterion.passed for criterion in criteria)


def _promote_if_accepted(
    settings: Settings,
    split: Split,
    criteria: list[acceptance.Criterion],
    compared_with: str,
    model: nn.Module,
    metadata: dict[str, Any],
    base: FinetuneBase,
    clock: StageClock,
) -> str:
    """Promote the network where all criteria hold; return what became of it in a sentence."""
    failed = [criterion.text for criterion in criteria if not criterion.passed]
    if failed:
        return f"not promoted, {compared_with} stays in use: {'; '.join(failed)}"
    with clock.stage("export and parity"):
        uses = zip(split.corrections, split.uses, strict=True)
        names = sorted({split.name(c.path) for c, use in uses if use == Use.TRAINED})
        difference = promote(model, metadata | {"trained_on": names}, settings.models, base.checkpoint_path)
    return f"promoted to {settings.models / NAME}.onnx, which says what its checkpoint says within {difference:.0e}"


def _note_split(split: Split, report: Path) -> None:
    """Say what will be trained on, and name what will not."""
    for path, reason in split.left_out:
        note(f"left out {path}: {reason}")
    for i, label in split.suggested.items():
        c = split.corrections[i]
        note(f"left out {c.path}: labelled {CLASSES[c.label]}, but looks like {CLASSES[label]}; --trust takes it")
    waiting = corrections.count_unlabelled(split.folder)
    if waiting:
        note(f"{waiting} pictures in {split.folder / INBOX} wait for a label: move them into their folders")
    trained, held, doubted = (int(split.mask(use).sum()) for use in Use)
    note(f"{trained} to train on, {held} held out by {split.grouping}, {doubted} doubted: {report / 'samples.png'}")
    for text in split.unmeasured():
        note(f"not measured: {text}")


def _empty_text(folder: Path) -> str:
    """Say what belongs into an empty folder."""
    waiting = corrections.count_unlabelled(folder)
    inbox = f"; {waiting} pictures wait in its inbox" if waiting else ""
    return (
        f"nothing to learn from in {folder}{inbox}: put pictures of single digits into its folders 0 to 9, of what is "
        f"no digit into not-a-digit, or let recognize-camera --collect {folder} fill them"
    )


def _list_files(folder: Path) -> list[tuple[Path, int, int]]:
    """List the labelled pictures with their sizes, bytes, and times of change, ns."""
    found = []
    for path, _ in corrections.list_pictures(folder):
        try:
            status = path.stat()
        except FileNotFoundError:  # undone in the live window between the listing and the look
            continue
        found.append((path, status.st_size, status.st_mtime_ns))
    return found
