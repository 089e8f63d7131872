"""Run the finder's network: where in a picture digits are, where their ink is, and where other ink is."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading.fixed_shapes import Feed
from realtime.reading.runtime import ModelRefusedError, open_network, refusing

VERSION = "finder-1"  # travels in checkpoints and ONNX metadata; change it when maps or scaling mean something else
MAPS = ("core", "digit", "other")  # the core of each digit, ink of digits, other ink
STRIDE = 32  # heights and widths are multiples of it
OUTPUT = 2  # pixels of a picture to one of a map
NAMED = 4  # pixels of a picture to one of the map of classes
# Looks on a GPU, height and width: at whole frames of 16:9, 4:3 and 1:1, upright or not, no paper is filled in, which
# the finder would see from far within: of 33 photos filled up to squares 3 were read otherwise, so 1 of another ratio.
_COARSE = ((160, 256), (192, 256), (256, 160), (256, 192), (256, 256))
_FIRST = ((416, 672), (512, 672), (672, 416), (672, 512), (672, 672))
_FINE = ((768, 1312), (1312, 768), (1120, 1952), (1952, 1120), (1376, 1824), (1824, 1376), (1600, 1600))
_SHAPES = tuple((1, *size, 3) for size in (*_COARSE, *_FIRST, *_FINE))
FEED = Feed("images", _SHAPES, (1, 512, 512, 3), ready=tuple((1, *sizes[0], 3) for sizes in (_COARSE, _FIRST)))


class Finder:
    """The finder behind ONNX Runtime: `finder.run(images)` gives maps.

    path: an ONNX file by `export-finder`. device: as of `Classifier`. `threshold`
    is the least score of a digit by the finder alone, `odds` what score and the classifier's word weigh together.
    Raises ModelRefusedError for an unusable file, DeviceError for a device that cannot be had.
    """

    def __init__(self, path: Path | str, device: str = "auto") -> None:
        self.path = Path(path)
        _, self._network, self.device, self.cpu_reason, self.metadata = open_network(self.path, device, FEED)
        with refusing(self.path):
            self.threshold, self.odds, self.shares = self._check()
            self.run(np.zeros((1, STRIDE, STRIDE, 3), np.uint8))  # warm up, and prove that the graph runs

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return maps (N, 3, H/2, W/2) and classes (N, 10, H/4, W/4), 255 times a probability, of BGR (N, H, W, 3).

        Raises ValueError for another array, or heights and widths that are no multiples of STRIDE.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise ValueError(f"images must be (N, H, W, 3) uint8, got {images.shape} {images.dtype}")
        if images.shape[1] % STRIDE or images.shape[2] % STRIDE or not images.size:
            raise ValueError(f"heights and widths must be multiples of {STRIDE}, got {images.shape[1:3]}")
        maps, classes = self._network(images, images[0, -1, -1])
        height, width = images.shape[1:3]
        maps = maps[:, :, : height // OUTPUT, : width // OUTPUT]
        return maps, classes[:, :, : height // NAMED, : width // NAMED]

    def _check(self) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
        """Return threshold, odds and shares after holding the file against the contract."""
        version = self.metadata.get("finder_version")
        if version != VERSION:
            told = f"is finder {version!r}, this program reads {VERSION!r}" if version else "carries no finder_version"
            raise ModelRefusedError(f"{self.path} {told}: export it again with this version's export-finder")
        lacking = [name for name in ("threshold", "odds", "shares") if name not in self.metadata]
        if lacking:
            raise ModelRefusedError(f"{self.path} lacks {', '.join(lacking)}: export it again")
        if json.loads(self.metadata.get("maps", "[]")) != list(MAPS):
            raise ModelRefusedError(f"{self.path} gives maps {self.metadata.get('maps')}, not {MAPS}: export it again")
        odds, shares = (tuple(json.loads(self.metadata[name])) for name in ("odds", "shares"))
        return float(self.metadata["threshold"]), odds, shares
