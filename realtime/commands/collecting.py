"""The options that say where corrections are kept, and whether they are learned in the background."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from realtime.commands.console import note
from realtime.commands.options import ReadingOptions, option_group
from realtime.live.collecting import FINETUNE_FOLDER
from realtime.live.promotion import ModelWatcher
from realtime.live.remember import Keeper
from realtime.live.tuning import BackgroundTuning
from realtime.outputs.sink import OutputError

COLLECT_HELP = "Keep digits for fine-tuning there; without a window all of them.  [default: finetune]"
LEARN_HELP = "Fine-tune in the background whenever new corrections lie there."
MNIST_HELP = "Folder with MNIST's files, which --learn rehearses.  [default: fetch]"


@dataclass(frozen=True)
class CollectOptions:
    """Where corrections are kept, None for FINETUNE_FOLDER, and whether and with which files they are learned."""

    collect: Path | None
    learn: bool
    mnist: Path | None

    @property
    def folder(self) -> Path:
        """Where corrections are kept."""
        return self.collect or FINETUNE_FOLDER

    def check(self, reading: ReadingOptions) -> None:
        """Refuse what does not go together. Raises UsageError."""
        if self.mnist is not None and not self.learn:
            raise click.UsageError("--data is what --learn rehearses: ask for --learn too")
        if self.learn and reading.model is not None:
            raise click.UsageError("--learn fine-tunes the network that ships: leave --model out")


collect_options = option_group(
    "collecting",
    CollectOptions,
    (
        click.option("--collect", type=click.Path(path_type=Path, file_okay=False), help=COLLECT_HELP),
        click.option("--learn", is_flag=True, help=LEARN_HELP),
        click.option("--data", "mnist", type=click.Path(path_type=Path, exists=True), help=MNIST_HELP),
    ),
)


class Learning:
    """What is learned beside reading: take up networks that were promoted, and forget what they read by themselves."""

    def __init__(self, stack: ExitStack, watcher: ModelWatcher, keeper: Keeper, collecting: CollectOptions) -> None:
        self._watcher, self._keeper = watcher, keeper
        tuning = BackgroundTuning(collecting.folder, collecting.mnist) if collecting.learn else None
        self._tuning = stack.enter_context(tuning) if tuning else None

    def renew(self) -> tuple[bool, str]:
        """Take up a newly promoted network; tell whether there is one, and the last of what is new, noted as well."""
        lines = self._tuning.news() if self._tuning else []
        before = self._watcher.current
        lines += filter(None, [self._watcher.renew()])
        renewed = self._watcher.current is not before
        if renewed:
            try:
                count = self._keeper.release()
            except OutputError as error:
                lines.append(f"error: {error}")
            else:
                lines += [f"it reads {count} of the digits remembered by itself: forgotten"] if count else []
        for line in lines:
            note(line)
        return renewed, lines[-1] if lines else ""
