"""Show a fine-tuning: the sheet of what is trained on, the history, both confusions, and a report in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from realtime.outputs.pictures import save_picture
from training.acceptance import Comparison, Criterion
from training.figures import save_figure
from training.recipe import CLASSES
from training.split import Split, Use

COLUMNS, MAX_ROWS = 24, 6  # crops in a row of the sample sheet, and rows of a class at most
SIDE, NAME_WIDTH = 60, 90  # pixels of a crop on the sheet, and of the column of names
FRAMES = {  # of a crop on the sheet: what its colour, BGR, says
    Use.TRAINED: ((70, 70, 70), "trained on"),
    Use.HELD_OUT: ((255, 150, 40), "held out"),
    Use.DOUBTED: ((60, 60, 255), "label doubted, left out"),
}
SMOOTHING = 20  # steps that the mean of a loss curve is taken over
MAX_NAMED = 200  # pictures that the report names of a kind


@dataclass(frozen=True)
class FinetuneResult:
    """All that the report tells of one run.

    compared_with: the network before. user, base: all the user's pictures and the base test set, before and after.
    outcome: what became of the network, in a sentence. seconds: by stage.
    """

    split: Split
    compared_with: str
    user: Comparison
    base: Comparison
    criteria: list[Criterion]
    outcome: str
    seconds: dict[str, float]


def draw_samples(split: Split, path: Path) -> None:
    """Write the sheet of crops, class by class, each framed by what it is used for, and a legend above."""
    rows = [_legend()]
    for label, name in enumerate(CLASSES):
        members = torch.nonzero(split.labels == label).flatten().tolist()
        for start in range(0, min(len(members), COLUMNS * MAX_ROWS), COLUMNS):
            row = np.zeros((SIDE + 6, NAME_WIDTH + COLUMNS * (SIDE + 6), 3), np.uint8)
            text = f"{name[:11]}" if start == 0 else ""
            cv2.putText(row, text, (4, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
            count = f"{len(members)} crops" if start == 0 else ""
            cv2.putText(row, count, (4, 48), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (170, 170, 170), 1, cv2.LINE_AA)
            for k, i in enumerate(members[start : start + COLUMNS]):
                crop = cv2.resize(split.corrections[i].crop, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
                framed = np.full((SIDE + 4, SIDE + 4, 3), FRAMES[split.uses[i]][0], np.uint8)
                framed[2:-2, 2:-2] = crop[..., None]
                left = NAME_WIDTH + k * (SIDE + 6)
                row[1 : SIDE + 5, left : left + SIDE + 4] = framed
            rows.append(row)
    save_picture(path, np.concatenate(rows))


def _legend() -> NDArray[np.uint8]:
    """Return the line that says what the frames of crops mean."""
    row = np.zeros((34, NAME_WIDTH + COLUMNS * (SIDE + 6), 3), np.uint8)
    for k, (colour, meaning) in enumerate(FRAMES.values()):
        left = NAME_WIDTH + 240 * k
        cv2.rectangle(row, (left, 8), (left + 16, 24), colour, 3)
        cv2.putText(row, meaning, (left + 26, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return row


def draw_history(history: list[dict[str, float]], path: Path) -> None:
    """Draw the losses over the steps."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    steps = [line["step"] for line in history]
    names = {"user_loss": "your pictures, augmented", "kept_loss": "rehearsal, against the base network"}
    for colour, (key, name) in zip(("tab:blue", "tab:orange"), names.items(), strict=True):
        losses = np.array([line[key] for line in history])
        width = min(SMOOTHING, len(losses))
        smooth = np.convolve(losses, np.ones(width) / width, "valid")
        axis.plot(steps, losses, color=colour, alpha=0.2, marker="." if len(losses) == 1 else None)
        axis.plot(steps[width - 1 :], smooth, color=colour, label=f"{name}, mean of {width} steps")
    axis.set(xlabel="step", ylabel="cross-entropy", yscale="log")
    axis.legend()
    save_figure(figure, path)


def draw_confusion(user: Comparison, path: Path) -> None:
    """Draw the user's pictures, what they are against what is read, before and after."""
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    names = [*CLASSES[:10], "none"]
    for axis, title, probabilities in zip(
        figure.subplots(1, 2), ("before", "after"), (user.before, user.after), strict=True
    ):
        table = confusion_matrix(user.labels, probabilities)
        axis.imshow(np.log1p(table), cmap="Blues")
        for row, column in np.argwhere(table > 0).tolist():
            colour = "white" if row == column else "red"
            axis.text(column, row, str(table[row, column]), ha="center", va="center", fontsize=8, color=colour)
        right = int(np.trace(table))
        axis.set(title=f"{title}: {right} of {table.sum()} right", xlabel="read as", ylabel="is")
        axis.set_xticks(range(len(names)), names)
        axis.set_yticks(range(len(names)), names)
    save_figure(figure, path)


def confusion_matrix(labels: torch.Tensor, probabilities: torch.Tensor) -> NDArray[np.int64]:
    """Return how often each class, row, is read as each, column, (C, C), of probabilities (N, C)."""
    table = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    np.add.at(table, (labels.numpy(), probabilities.argmax(dim=1).numpy()), 1)
    return table


def write(result: FinetuneResult, path: Path) -> None:
    """Write the report in Markdown, whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text("\n".join(_lines(result)) + "\n", encoding="utf-8")
    temporary.replace(path)


def _lines(result: FinetuneResult) -> Iterator[str]:
    split, held = result.split, result.split.mask(Use.HELD_OUT)
    yield f"# Fine-tuning on {split.folder.name}\n\n{result.outcome}\n"
    yield from (
        f"- {'passed' if criterion.passed else '**failed**'}: {criterion.text}" for criterion in result.criteria
    )
    counts = ", ".join(f"{int(split.mask(use).sum())} {use}" for use in Use)
    yield (
        f"\n{len(split.uses)} crops: {counts}; held out by {split.grouping}. {len(split.left_out)} pictures "
        f"unusable. Your pictures before: as {result.compared_with} reads them. Intervals take each picture for one "
        "trial."
    )
    yield from (f"\nNot measured: {text}." for text in split.unmeasured())
    yield from _per_class(result)
    trained = split.mask(Use.TRAINED)
    for title, members in (
        ("Fixed, held out", result.user.fixed & held),
        ("Broken, held out", result.user.broken & held),
        ("Fixed, trained on", result.user.fixed & trained),
        ("Broken, trained on", result.user.broken & trained),
    ):
        yield from _pictures(result, title, torch.nonzero(members).flatten().tolist())
    if split.suggested:
        yield "\n## Labels that look wrong: neither trained on nor counted; move them, or use --trust\n"
        for i, label in list(split.suggested.items())[:MAX_NAMED]:
            c = split.corrections[i]
            yield f"- `{split.name(c.path)}`: labelled {CLASSES[c.label]}, looks like {CLASSES[label]}"
    if split.left_out:
        yield "\n## Left out\n"
        yield from (f"- `{split.name(path)}`: {reason}" for path, reason in split.left_out[:MAX_NAMED])
    times = ", ".join(f"{name} {seconds:.1f}" for name, seconds in result.seconds.items())
    yield f"\nSeconds: {times}; {sum(result.seconds.values()):.1f} in all."


def _per_class(result: FinetuneResult) -> Iterator[str]:
    yield "\n| | yours | right before | after | held out | right before | after | base, % before | after |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for label, name in enumerate(CLASSES):
        cells = []
        for uses in ((Use.TRAINED, Use.HELD_OUT), (Use.HELD_OUT,)):
            part = result.user.subset((result.user.labels == label) & result.split.mask(*uses))
            cells += [str(len(part.labels)), *(str(int(part.correct(p).sum())) for p in (part.before, part.after))]
        base = result.base.subset(result.base.labels == label)
        if len(base.labels):
            cells += [f"{100 * base.correct(p).double().mean().item():.2f}" for p in (base.before, base.after)]
        else:
            cells += ["", ""]
        yield f"| {name} | {' | '.join(cells)} |"


def _pictures(result: FinetuneResult, title: str, members: list[int]) -> Iterator[str]:
    if members:
        yield f"\n## {title}: {len(members)}\n"
    for i in members[:MAX_NAMED]:
        before, after = (CLASSES[int(p[i].argmax())] for p in (result.user.before, result.user.after))
        yield f"- `{result.split.name(result.split.corrections[i].path)}`: {before} before, {after} after"
