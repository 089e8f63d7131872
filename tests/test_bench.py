"""`make bench`: the README's table is what the figures say, is renewed from them, and a regression renews nothing."""

import copy
import json

import pytest

from tests import bench

FIGURES = json.loads(bench.FIGURES.read_text(encoding="utf-8"))


def test_the_table_of_the_readme_is_what_the_figures_say() -> None:
    text = bench.README.read_text(encoding="utf-8")
    assert bench.renew_table(text, FIGURES) == text


def test_the_table_alone_is_renewed() -> None:
    faster = copy.deepcopy(FIGURES)
    for clip in faster["clips"]:
        clip["frames_a_second"][0] = 999
    text = bench.README.read_text(encoding="utf-8")
    renewed = bench.renew_table(text, faster)
    changed = [pair for pair in zip(text.splitlines(), renewed.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == len(bench.SCENES) and all(now.endswith("| 999 | 999 |") for _, now in changed)


def test_a_readme_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table"):
        bench.renew_table("# Reading\n", FIGURES)
