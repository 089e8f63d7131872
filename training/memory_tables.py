"""The tables of what the memory of corrections gives, line by line."""

from collections.abc import Iterator
from pathlib import Path

from realtime.reading.classifier import Classifier
from realtime.reading.memory import load_kept
from realtime.reading.model_files import default_model, kept_features
from training import data, hands
from training.fetch import mnist_folder
from training.finetune_base import FinetuneBase
from training.memory_trials import (
    COUNTS,
    Bench,
    measure_cost,
    try_glyph,
    try_hands,
    try_swapped,
    try_tuning,
)
from training.recipe import FinetuneRecipe
from training.scenes.bench import SCENES, draw_view

SCENE = "720p-24"  # whose reading is timed


def lines(folder: Path, mnist: Path | None, base: FinetuneBase, recipe: FinetuneRecipe, draws: int) -> Iterator[str]:
    """Yield the lines of all tables; folder: strokes/, digits/ and one_digit_photos/. Raises DataError."""
    network, kept = Classifier(default_model(), "cpu"), load_kept(kept_features())
    if kept is None or kept.network != network.metadata["checkpoint_sha256"]:
        raise data.DataError(f"{kept_features()} is not of {default_model()}: export that again with --keep")
    images, labels = data.read_mnist(mnist or mnist_folder(), "test")
    bench = Bench(base, network, kept, network.classify(images.numpy()), labels.numpy())
    yield "\n| new 4, corrections | right of 200 others by draw, % | MNIST's test set but 4s, points |\n|---|---|---|"
    yield from (try_glyph(bench, count, draws) for count in COUNTS)
    writers = [
        hands.chars74k(folder / "digits" / "chars74k_strokes.json.gz"),
        hands.unipen(folder / "strokes" / "digits.jsonl.gz"),
        hands.photos(sorted(path for path in (folder / "one_digit_photos").iterdir() if path.is_dir()), base.networks),
    ]
    yield (
        "\n| writers | corrections a digit | wrong before | after | of them, mean over writers with errors | "
        "writers better, worse | most more in one writer | MNIST's test set, points |\n" + "|---" * 8 + "|"
    )
    for one in writers:
        yield from try_hands(bench, one, draws)
    yield "\n| a tenth swapped | corrections a digit | wrong before | after | swapped named |\n|---|---|---|---|---|"
    yield from (try_swapped(bench, one, 10, draws) for one in writers[1:])
    yield (
        "\n| three writers with most errors | corrections a digit | read | wrong before | memory | fine-tuned | both |"
        "\n|---|---|---|---|---|---|---|"
    )
    for one in writers:
        yield from (try_tuning(bench, one, count, recipe) for count in COUNTS[1:])
    image, _ = draw_view(next(scene for scene in SCENES if scene.name == SCENE), seed=1)
    yield f"\n{measure_cost(base.networks, bench, writers[0], image)}"
