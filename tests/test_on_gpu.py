"""The checks for a machine with a GPU, the quick ones of them, on the CPU with the shapes that a GPU is given."""

import pytest

from realtime.reading.ensemble import Networks
from tests import on_gpu
from tests.conftest import has_cuda
from tests.fixed import fixed

NEEDS_NONE = pytest.mark.skipif(has_cuda(), reason="this machine has an NVIDIA driver")
QUICK = (
    *("device_told", "finder_parity", "row_parity", "shapes_stay", "silence"),
    pytest.param("refusal", marks=NEEDS_NONE),
)


@pytest.fixture(scope="module")
def bench(networks: Networks) -> on_gpu.Bench:
    return on_gpu.Bench("cpu", networks, fixed(networks)[0])


@pytest.mark.parametrize("name", QUICK)
def test_a_check_passes(bench: on_gpu.Bench, name: str) -> None:
    passed, told = getattr(on_gpu, name)(bench)
    assert passed and told, told
