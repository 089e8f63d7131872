"""Take up checkpoints of other programs: networks of this very architecture whose layers have other names."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from realtime.commands.console import note
from realtime.reading import crops
from training import checkpoint, data
from training.model import DigitCNN, scaled
from training.recipe import CLASSES

# Under which keys training programs keep the weights beside what else they keep, and what wrappers put before names.
_KEYS = ("model_state_dict", "state_dict", "model", "net", "network", "weights", "state")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_PARTS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_COUNTER = _PARTS[-1]  # of batches: old checkpoints lack it, and reading does not need it
# What tutorials take off their pixels, from 0 to 1, and divide them by: mean and deviation of MNIST.
MEAN, DEVIATION = 0.1307, 0.3081
# By how much the loss must be lower with the mean taken off for that to be believed. Of two networks trained for a
# third of an epoch, one each way, losses on typed digits were 0.46 to 1.58 and 0.65 to 1.21; what ships bears both.
CLEARLY = 0.1
TYPEFACES, STROKES = range(8), (4, 7, 10)  # of OpenCV, and their widths in pixels of digits 70 pixels high

State = dict[str, Tensor]


class Normalized(nn.Module):
    """A network that was trained on pixels less MEAN, divided by DEVIATION."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, C) of pictures (N, 1, 28, 28) float in 0..1."""
        return self.model((pictures - MEAN) / DEVIATION)


def load(path: Path, mnist: Path | None) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network of a checkpoint and its metadata; of one of another program, say what it was taken for.

    mnist: the folder of its files, whose test set shows the accuracy; None looks at typed digits. Raises
    CheckpointRefusedError, and DataError for the folder.
    """
    content = checkpoint.read(path)
    state = None if "metadata" in content else find_state(content)
    if state is None:
        return checkpoint.load(path)
    found = rename(state)
    if found is None:
        raise checkpoint.CheckpointRefusedError(
            f"{path} holds another network ({describe_layers(state)}) than the DigitCNN of train-digits: only that is "
            "exported; train one"
        )
    model, count = found
    checkpoint.load_weights(path, model, model.state_dict())  # refuses what is no number
    pictures, labels = typed_digits() if mnist is None else data.read_mnist(mnist, "test")
    network, right = choose_scaling(model.eval(), pictures, labels)
    shown = f"{len(labels)} typed digits" if mnist is None else "MNIST's test digits"
    pixels = "less MNIST's mean by its deviation" if isinstance(network, Normalized) else "from 0 to 1"
    doubt = ": too few, was it trained, and on white ink on black?" if right < 0.5 else ""
    note(
        f"{path} is another program's, taken for a digitcnn of {count} classes with other names "
        f"of its layers, for pixels {pixels}, not calibrated; it reads {100 * right:.1f} % of {shown}{doubt}"
    )
    told: dict[str, Any] = {"arch": "digitcnn", "classes": list(CLASSES[:count]), "temperature": 1.0}
    return network, told | {"crop_version": crops.VERSION} | ({} if mnist is None else {"accuracy": right})


def find_state(content: dict[Any, Any]) -> State | None:
    """Return the weights that lie in a checkpoint of another program, by their names there; None where none do."""
    for part in (content, *(content.get(key) for key in _KEYS)):
        if isinstance(part, dict) and part and all(isinstance(value, Tensor) for value in part.values()):
            return {_plain(str(name)): value for name, value in part.items()}
    return None


def _plain(name: str) -> str:
    """Return a layer's name without what wrappers put before it."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def rename(state: State) -> tuple[DigitCNN, int] | None:
    """Return a DigitCNN with these weights, whatever the layers are called, and how many classes it has.

    None where they are another network's.
    Layers are told apart by the shapes of their weights: no two of a DigitCNN are alike.
    """
    layers = _layers(state)
    last = [shape[0] for shape in layers if len(shape) == 2 and shape[1] == 256]
    if len(last) != 1 or last[0] not in (len(CLASSES) - 1, len(CLASSES)):
        return None
    model = DigitCNN(last[0])
    own, renamed = model.state_dict(), {}
    for shape, name in _layers(own).items():
        for key, part in ((f"{name}.{part}", part) for part in _PARTS if f"{name}.{part}" in own):
            given = state.get(f"{layers.get(shape)}.{part}", own[key] if part == _COUNTER else None)
            if given is None or given.shape != own[key].shape:
                return None
            renamed[key] = given
    if _count(state) != _count(renamed):
        return None
    model.load_state_dict(renamed)
    return model, last[0]


def _layers(state: State) -> dict[tuple[int, ...], str]:
    """Return the name of each layer by the shape of its weight."""
    return {tuple(t.shape): name.rpartition(".")[0] for name, t in state.items() if name.endswith(".weight")}


def _count(state: State) -> int:
    """Count the tensors of a network, but for counters."""
    return sum(not name.endswith(_COUNTER) for name in state)


def describe_layers(state: State) -> str:
    """Return how many parameters a network has and the shapes of its first layers, as text."""
    count = sum(tensor.numel() for name, tensor in state.items() if "running_" not in name and _COUNTER not in name)
    shapes = [f"{name} {'x'.join(map(str, tensor.shape))}" for name, tensor in state.items() if tensor.dim() > 1]
    return f"{count} parameters, {', '.join(shapes[:4])}{' ...' if len(shapes) > 4 else ''}"


def choose_scaling(model: nn.Module, pictures: Tensor, labels: Tensor) -> tuple[nn.Module, float]:
    """Return the network for the scaling of pixels by which it reads crops (N, 1, 28, 28) uint8 better, and how well.

    That is by the least loss against labels (N,); the share of those read right is returned.
    """
    ways, losses, right = (model, Normalized(model)), [], []
    for way in ways:
        with torch.no_grad():
            logits = torch.cat([way(scaled(part)) for part in pictures.split(1000)])
        losses.append(functional.cross_entropy(logits, labels).item())
        right.append((logits.argmax(dim=1) == labels).double().mean().item())
    better = int(losses[1] < losses[0] - CLEARLY)
    return ways[better].eval(), right[better]


def typed_digits() -> tuple[Tensor, Tensor]:
    """Return crops (N, 1, 28, 28) uint8 of digits in OpenCV's typefaces, and their labels (N,): no data needed."""
    patches, labels = [], []
    for face, stroke, digit in ((f, s, d) for f in TYPEFACES for s in STROKES for d in range(10)):
        canvas = np.zeros((140, 140), np.uint8)
        cv2.putText(canvas, str(digit), (30, 110), face, 3.2, 255, stroke, cv2.LINE_AA)
        x, y, w, h = cv2.boundingRect(canvas)
        patches.append(canvas[y : y + h, x : x + w])
        labels.append(digit)
    return torch.from_numpy(crops.stack(patches)), torch.tensor(labels)
