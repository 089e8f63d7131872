"""Show a fine-tuning: the sheet of what is trained on, the history, both confusions, and a report in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from realtime.outputs.pictures import save_picture
from training.gates import Compared, Gate
from training.model import CLASSES
from training.selection import DOUBTED, HELD, TRAINED, Selection

ACROSS, ROWS = 24, 6  # crops in a row of the sample sheet, and rows of a class at most
SIDE, LEFT = 60, 90  # pixels of a crop on the sheet, and of the column of names
FRAMES = {TRAINED: (70, 70, 70), HELD: (255, 150, 40), DOUBTED: (60, 60, 255)}  # BGR
SMOOTH = 20  # steps, for the eye
MOST_NAMED = 200  # pictures that the report names of a kind


@dataclass(frozen=True)
class Story:
    """All that the report tells of one run. user, base: what was read before and after, of all pictures."""

    chosen: Selection
    against: str
    user: Compared
    base: Compared
    gates: list[Gate]
    verdict: str
    seconds: dict[str, float]


def draw_samples(chosen: Selection, path: Path) -> None:
    """Write the sheet of crops, class by class; held-out ones are framed blue, doubted ones red."""
    rows = []
    for label, name in enumerate(CLASSES):
        members = torch.nonzero(chosen.labels == label).flatten().tolist()
        for start in range(0, min(len(members), ACROSS * ROWS), ACROSS):
            row = np.zeros((SIDE + 6, LEFT + ACROSS * (SIDE + 6), 3), np.uint8)
            text = f"{name[:11]}" if start == 0 else ""
            cv2.putText(row, text, (4, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
            count = f"{len(members)} crops" if start == 0 else ""
            cv2.putText(row, count, (4, 48), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (170, 170, 170), 1, cv2.LINE_AA)
            for k, i in enumerate(members[start : start + ACROSS]):
                crop = cv2.resize(chosen.corrections[i].crop, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
                framed = cv2.copyMakeBorder(
                    cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR),
                    2,
                    2,
                    2,
                    2,
                    cv2.BORDER_CONSTANT,
                    value=FRAMES[chosen.fates[i]],
                )
                left = LEFT + k * (SIDE + 6)
                row[1 : SIDE + 5, left : left + SIDE + 4] = framed
            rows.append(row)
    save_picture(path, np.concatenate(rows))


def draw_history(history: list[dict[str, float]], path: Path) -> None:
    """Draw the losses over the steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    steps = [line["step"] for line in history]
    names = {"user_loss": "your pictures, augmented", "kept_loss": "rehearsal, against the base network"}
    for colour, (key, name) in zip(("tab:blue", "tab:orange"), names.items(), strict=True):
        losses = np.array([line[key] for line in history])
        width = min(SMOOTH, len(losses))
        smooth = np.convolve(losses, np.ones(width) / width, "valid")
        axis.plot(steps, losses, color=colour, alpha=0.2)
        axis.plot(steps[width - 1 :], smooth, color=colour, label=f"{name}, mean of {width} steps")
    axis.set(xlabel="step", ylabel="cross-entropy", yscale="log")
    axis.legend()
    save_figure(figure, path)


def draw_confusion(user: Compared, path: Path) -> None:
    """Draw the user's pictures, what they are against what is read, before and after."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2), layout="constrained")
    names = [*CLASSES[:10], "none"]
    for axis, title, given in zip(figure.subplots(1, 2), ("before", "after"), (user.before, user.after), strict=True):
        table = confusion(user.labels, given)
        axis.imshow(np.log1p(table), cmap="Blues")
        for row, column in np.argwhere(table > 0).tolist():
            colour = "white" if row == column else "red"
            axis.text(column, row, str(table[row, column]), ha="center", va="center", fontsize=8, color=colour)
        right = int(np.trace(table))
        axis.set(title=f"{title}: {right} of {table.sum()} right", xlabel="read as", ylabel="is")
        axis.set_xticks(range(len(names)), names)
        axis.set_yticks(range(len(names)), names)
    save_figure(figure, path)


def confusion(labels: torch.Tensor, given: torch.Tensor) -> NDArray[np.int64]:
    """Return how often each class, row, is read as each, column, (C, C), of probabilities (N, C)."""
    table = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    np.add.at(table, (labels.numpy(), given.argmax(dim=1).numpy()), 1)
    return table


def save_figure(figure: "object", path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    figure.savefig(temporary, format="png", dpi=100)
    temporary.replace(path)


def write(story: Story, path: Path) -> None:
    """Write the report in Markdown, whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text("\n".join(_lines(story)) + "\n", encoding="utf-8")
    temporary.replace(path)


def _lines(story: Story) -> Iterator[str]:
    chosen, held = story.chosen, story.chosen.which(HELD)
    yield f"# Fine-tuning on {chosen.folder.name}\n\n{story.verdict}\n"
    yield from (f"- {'passed' if gate.passed else '**failed**'}: {gate.text}" for gate in story.gates)
    counts = ", ".join(f"{int(chosen.which(fate).sum())} {fate}" for fate in (TRAINED, HELD, DOUBTED))
    yield (
        f"\n{len(chosen.fates)} crops: {counts}; held out by {chosen.together}. {len(chosen.left_out)} pictures "
        f"unusable. Your pictures before: as {story.against} reads them. Intervals take each picture for one trial."
    )
    yield from (f"\nNot measured: {text}." for text in chosen.unmeasured())
    yield from _per_class(story)
    trained = chosen.which(TRAINED)
    for title, members in (
        ("Fixed, held out", story.user.fixed & held),
        ("Broken, held out", story.user.broken & held),
        ("Fixed, trained on", story.user.fixed & trained),
        ("Broken, trained on", story.user.broken & trained),
    ):
        yield from _pictures(story, title, torch.nonzero(members).flatten().tolist())
    if chosen.looks:
        yield "\n## Labels that look wrong: neither trained on nor counted; move them, or use --trust\n"
        for i, looks in list(chosen.looks.items())[:MOST_NAMED]:
            c = chosen.corrections[i]
            yield f"- `{chosen.name(c.path)}`: labelled {CLASSES[c.label]}, looks like {CLASSES[looks]}"
    if chosen.left_out:
        yield "\n## Left out\n"
        yield from (f"- `{chosen.name(path)}`: {reason}" for path, reason in chosen.left_out[:MOST_NAMED])
    spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in story.seconds.items())
    yield f"\nSeconds: {spent}; {sum(story.seconds.values()):.1f} in all."


def _per_class(story: Story) -> Iterator[str]:
    yield "\n| | yours | right before | after | held out | right before | after | base, % before | after |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for label, name in enumerate(CLASSES):
        cells = []
        for fates in ((TRAINED, HELD), (HELD,)):
            part = story.user.part((story.user.labels == label) & story.chosen.which(*fates))
            cells += [str(len(part.labels)), *(str(int(part.right(p).sum())) for p in (part.before, part.after))]
        base = story.base.part(story.base.labels == label)
        if len(base.labels):
            cells += [f"{100 * base.right(p).double().mean().item():.2f}" for p in (base.before, base.after)]
        else:
            cells += ["", ""]
        yield f"| {name} | {' | '.join(cells)} |"


def _pictures(story: Story, title: str, members: list[int]) -> Iterator[str]:
    if members:
        yield f"\n## {title}: {len(members)}\n"
    for i in members[:MOST_NAMED]:
        before, after = (CLASSES[int(p[i].argmax())] for p in (story.user.before, story.user.after))
        yield f"- `{story.chosen.name(story.chosen.corrections[i].path)}`: {before} before, {after} after"
