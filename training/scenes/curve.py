"""How reading falls with the strength of each trouble: rows read exactly, as a table."""

from collections.abc import Iterator

from realtime.measuring.scoring import RowScore, score_rows
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model
from realtime.reading.pipeline import read

from .pictures import draw_picture

STRENGTHS = (0.25, 0.5, 0.75, 1.0)


def measure(names: tuple[str, ...], count: int, seed: int) -> Iterator[str]:
    """Yield the lines of a Markdown table: for each trouble the percentage of rows exact at each strength."""
    classifier = Classifier(default_model(), "cpu")
    yield "| trouble | " + " | ".join(f"{strength:g}" for strength in STRENGTHS) + " |"
    yield "|---" * (len(STRENGTHS) + 1) + "|"
    for name in names:
        shares = []
        for strength in STRENGTHS:
            total = RowScore()
            for index in range(count):
                picture, sheet, _ = draw_picture(name, strength, seed, index)
                total += score_rows(read(picture, classifier).rows, list(sheet.rows))
            shares.append(f"{total.percent_exact:.0f}")
        yield f"| {name} | " + " | ".join(shares) + " |"
