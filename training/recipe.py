"""Say what a training run is: its network, classes and settings. Loads no torch, so that --help is fast."""

from dataclasses import asdict, dataclass
from typing import Any

from realtime.reading.classifier import NOT_A_DIGIT

DIGITS = tuple("0123456789")
CLASSES = (*DIGITS, NOT_A_DIGIT)  # of what ships; a label is a place in this tuple
ARCHITECTURES = ("digitcnn", "mlp")
VALIDATION_SHARE = 5000 / 60000  # of MNIST's training set; of other data the last tenth of each class
AUGMENTATIONS = ("camera", "hand", "none")


@dataclass(frozen=True)
class Recipe:
    """What decides the outcome of a run: two runs of one recipe, data and machine give the same weights."""

    arch: str = "digitcnn"
    classes: tuple[str, ...] = CLASSES
    epochs: int = 20
    batch: int = 128
    rate: float = 4e-3  # the highest of the one cycle
    weight_decay: float = 0.02  # 0.1 was no better (models/README.md)
    negatives: int = 6500  # non-digits drawn anew each epoch
    allographs: int = 0  # digits in rarer forms, drawn anew each epoch
    augment: str = "camera"  # one of AUGMENTATIONS
    mild: float = 0.25  # share of the epochs, the last, in which augmentation is mild, to end nearest to true digits
    average: float = 0.998  # of the moving average of weights over steps, which is what is kept
    patience: int = 0  # epochs without a better validation after which to stop; 0 never stops
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, as checkpoints keep it."""
        return asdict(self) | {"classes": list(self.classes)}


@dataclass(frozen=True)
class FinetuneRecipe:
    """How to fine-tune: blocks of convolutions that stay as they are (0 to 3), the head's highest rate, the seed."""

    freeze: int = 3
    rate: float = 1e-3
    seed: int = 0
