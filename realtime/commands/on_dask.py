"""Read many files on the workers of a Dask cluster, in order; one that dies loses nothing."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import click

from realtime.outputs.sink import OutputError

Item = TypeVar("Item")
Result = TypeVar("Result")
QUEUED = 3  # files that wait for each thread of the cluster; all of a million at once would fill the scheduler
DEATHS = 3  # workers that a file may cost before it is named as the reason
SILENCE = 5  # s until a scheduler that does not answer is given up


def on_dask(
    work: Callable[[Item], Result], items: Iterable[Item], address: str, failed: Callable[[Item, str], Result]
) -> Iterator[Result]:
    """Yield what `work` makes of each item on a cluster, in the order of the items.

    A worker that is lost has its items read by others; `failed` makes the result of one that cost DEATHS workers.
    Raises OutputError where the cluster cannot be had or all of it was lost, and what `work` raises.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise click.UsageError("--dask needs pip install 'livedigits[dask]'") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it says is said here, in a line
    try:
        client = Client(address, timeout=SILENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise OutputError(f"no Dask scheduler answers at {address}: {str(error) or 'it is silent'}") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise OutputError(f"the Dask scheduler at {address} has no workers: start some with dask worker {address}")
        remaining = iter(items)
        # Not pure: a file that is named twice is read twice, as everywhere.
        waiting = deque((item, client.submit(work, item, pure=False)) for item in islice(remaining, QUEUED * threads))
        while waiting:
            item, future = waiting.popleft()
            try:
                yield future.result()
            except KilledWorker:
                yield failed(item, f"cost {DEATHS} workers of Dask their lives: is their memory full?")
            if (following := next(remaining, None)) is not None:
                waiting.append((following, client.submit(work, following, pure=False)))
