"""Measure ONNX Runtime's settings for the digit network: `python -m export.benchmark_network models/best.onnx`.

Each setting is timed beside the very Classifier that users run, in turns, and told as a ratio to it; then the number of
digits changes from call to call, and the first call of each number is held against later ones. CUDA: --device cuda.
Time on the clock and time of the processor are both told: the second is what is left to others, and hardly moves where
others share the cores.

Measured on two quiet x86-64 cores with AVX2, 15 rounds, 75 s, the shipped network: no setting is better than those in
use but two threads, which take 0.6 of the time from batches of 64 on and 1.1 to 1.5 times that of the processor.
"""

import os
import platform
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import click
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from export.network_settings import ON_CUDA, PADDING, WHOLE, Run, open_session, runner, settings
from realtime.commands.console import console_command, exit_codes, note
from realtime.commands.options import device_option, open_classifier, overwrite_option, refuse_overwriting
from realtime.outputs.files import save_json
from realtime.outputs.guard import Output
from realtime.reading.classifier import Classifier
from realtime.reading.crops import SIDE
from realtime.reading.model_files import default_model

BATCHES = (1, 2, 8, 24, 32, 64, 128, 512)
CHANGING_SIZES = tuple(range(1, 129, 3))  # digits a frame, in random order, while the number changes from call to call
CALLS = 400  # of random counts
PASSES = 5  # through the changing sizes
MIN_TIMED_CROPS = 32  # crops at least that are timed together; a call of one crop alone is too short for the clock
SPIN_TIME = 0.06  # s to wait after a call for threads to stop spinning, which they do after 40 ms
IDLE_TIME = 0.1  # s after a call in which the processor's work is counted
Ratios = dict[str, dict[int, list[float]]]  # by "clock" or "processor", and by batch size: median and quartiles


def compare(
    base: Run, others: dict[str, Run], batches: tuple[int, ...], rounds: int, spinning: set[str]
) -> dict[str, Ratios]:
    """Time runners beside a base in turns, in a new order each round; clock and processor give a figure each.

    spinning: the names whose threads go on for a while after a call, which is waited for. Return by name, the base's is
    "", and batch size the ratios to the base in the same round, for the base us a crop: median and quartiles of each.
    """
    rng = np.random.default_rng(0)
    runs = {"": base, **others}
    times: dict[tuple[str, int], list[tuple[float, float]]] = {(name, batch): [] for name in runs for batch in batches}
    for number in tqdm(range(rounds + 1), unit="round", disable=None):
        for batch in batches:
            crops = rng.integers(0, 256, (batch, 1, SIDE, SIDE), np.uint8)
            for name in rng.permutation(list(runs)).tolist():
                seconds = _seconds(runs[name], crops, max(1, MIN_TIMED_CROPS // batch))
                sleep(SPIN_TIME if name in spinning else 0)
                if number:  # the first round warms up
                    times[name, batch].append(seconds)
    ratios: dict[str, Ratios] = {name: {"clock": {}, "processor": {}} for name in runs}
    for (name, batch), measured in times.items():
        unit = np.array(times["", batch]) if name else batch / 1e6
        for way, values in zip(ratios[name], (np.array(measured) / unit).T, strict=True):
            ratios[name][way][batch] = _spread(values)
    return ratios


def measure_changing_sizes(run: Run, sizes: tuple[int, ...]) -> dict[str, float]:
    """Change the batch size from call to call; hold calls against the median call of the same size.

    first: the worst of a size's first calls, after one of a single crop alone as the Classifier warms up. later: the
    worst of the others. p99: their 99th percentile. worst_ms: the longest call of all.
    """
    rng = np.random.default_rng(0)
    run(np.zeros((1, 1, SIDE, SIDE), np.uint8))
    seconds = np.zeros((PASSES, len(sizes)))
    for turn in range(PASSES):
        for place in rng.permutation(len(sizes)).tolist():
            crops = rng.integers(0, 256, (sizes[place], 1, SIDE, SIDE), np.uint8)
            seconds[turn, place], _ = _seconds(run, crops, 1)
    ratios = seconds / np.median(seconds, axis=0)
    later = ratios[1:]
    figures = {"first": ratios[0].max(), "later": later.max(), "p99": np.percentile(later, 99)}
    return {name: round(float(value), 2) for name, value in figures.items()} | {
        "worst_ms": round(1000 * float(seconds.max()), 2)
    }


def measure_random_counts(run: Run, most: int) -> tuple[float, float]:
    """Return the median and the 99th percentile, ms, of 400 calls of 1 to `most` crops, in random order."""
    rng = np.random.default_rng(0)
    run(np.zeros((1, 1, SIDE, SIDE), np.uint8))
    batches = (rng.integers(0, 256, (count, 1, SIDE, SIDE), np.uint8) for count in rng.integers(1, most + 1, CALLS))
    times = [1000 * _seconds(run, batch, 1)[0] for batch in batches]
    return float(np.median(times)), float(np.percentile(times, 99))


def measure_idle(run: Run) -> float:
    """Return the ms that the processor works on in the 100 ms after a call."""
    run(np.zeros((MIN_TIMED_CROPS, 1, SIDE, SIDE), np.uint8))
    used = process_time()
    sleep(IDLE_TIME)
    return round(1000 * (process_time() - used), 1)


def _seconds(run: Run, crops: NDArray[np.uint8], calls: int) -> tuple[float, float]:
    """Return the s of a call by the clock and by the processor, mean of so many."""
    start, used = perf_counter(), process_time()
    for _ in range(calls):
        run(crops)
    return (perf_counter() - start) / calls, (process_time() - used) / calls


def _spread(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 3) for value in np.percentile(values, (50, 25, 75))]


@console_command
@click.argument("model", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--beside", multiple=True, type=click.Path(path_type=Path), help="Other files, by the same Classifier.")
@device_option
@click.option("--rounds", type=click.IntRange(1), default=15, show_default=True, help="Time each setting so often.")
@click.option("--most", type=click.IntRange(1), default=BATCHES[-1], show_default=True, help="Largest batch size.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures as JSON.")
@overwrite_option
def main(
    model: Path | None,
    beside: tuple[Path, ...],
    device: str,
    rounds: int,
    most: int,
    json_path: Path | None,
    overwrite: bool,
) -> None:
    """Measure ONNX Runtime's settings for MODEL, the bundled one if left out, on a device, beside those in use."""
    if json_path is not None:
        refuse_overwriting([Output("--json", json_path, "figures")], [model or default_model(), *beside], overwrite)
    onnxruntime.set_default_logger_severity(3)  # else it warns of each config entry that a setting changes
    with exit_codes():
        base = open_classifier(model or default_model(), device)
        batches = tuple(batch for batch in BATCHES if batch <= most)
        tried = settings(base.device)
        sessions = {setting.name: open_session(base.path, setting, base.device) for setting in tried}
        others: dict[str, Run] = {setting.name: runner(sessions[setting.name], setting) for setting in tried}
        others |= {path.name: Classifier(path, base.device) for path in beside}
        timed = compare(base, others, batches, rounds, {setting.name for setting in tried if setting.spins})
        sizes = tuple(size for size in CHANGING_SIZES if size <= most)
        ways: dict[str, Run] = {"in use": Classifier(base.path, base.device)}
        for setting in (WHOLE, PADDING, *(ON_CUDA if base.device != "cpu" else ())):
            ways[setting.name] = runner(open_session(base.path, setting, base.device), setting)
        changing = {name: measure_changing_sizes(run, sizes) for name, run in ways.items()}
        for name, run in ways.items():
            median, late = measure_random_counts(run, sizes[-1])
            changing[name] |= {"random_median_ms": round(median, 3), "random_p99_ms": round(late, 3)}
        figures = {
            "model": base.path.name,
            "device": base.device,
            "providers": sessions[WHOLE.name].get_providers(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "rounds": rounds,
            "onnxruntime": onnxruntime.__version__,
            "us_a_crop": timed.pop(""),
            "ratios": timed,
            "changing": changing,
            "idle_ms": {name: measure_idle(run) for name, run in others.items()},
        }
        click.echo("\n".join(table(figures)))
        if base.device == "cpu":
            note("CUDA was not run: --device cuda runs it where there is a GPU")
        if json_path is not None:
            save_json(json_path, figures)


def table(figures: dict[str, Any]) -> list[str]:
    """Return the figures as lines of text."""
    wide = 31
    lines = [
        f"{figures['model']} on {figures['device']}, get_providers() {figures['providers']}, {figures['machine']}, "
        f"ONNX Runtime {figures['onnxruntime']}, {figures['rounds']} rounds",
    ]
    for way, cost in figures["us_a_crop"].items():
        lines.append(f"{'time by the ' + way:<{wide}}" + "".join(f"{batch:>13}" for batch in cost))
        lines.append(f"{'in use, us a crop':<{wide}}" + "".join(f"{middle:>13.0f}" for middle, _, _ in cost.values()))
        lines.append("as a ratio to that in use, median +- half the distance of the quartiles:")
        for name, ratios in figures["ratios"].items():
            cells = (f"{middle:.2f}+-{(high - low) / 2:.2f}" for middle, low, high in ratios[way].values())
            lines.append(f"{name:<{wide}}" + "".join(f"{cell:>13}" for cell in cells))
    lines.append("the batch size changes at random: calls as a ratio to the median call of that size")
    for name, calls in figures["changing"].items():
        lines.append(
            f"{name:<{wide}} worst first {calls['first']:.2f}, worst later {calls['later']:.2f}, 99th percentile "
            f"{calls['p99']:.2f}, longest call {calls['worst_ms']:.1f} ms"
        )
    lines.append(f"{CALLS} calls of random counts, median and 99th percentile:")
    for name, calls in figures["changing"].items():
        lines.append(f"{name:<{wide}} {calls['random_median_ms']:.2f} and {calls['random_p99_ms']:.2f} ms")
    busy = [f"{name} {spent:.0f} ms" for name, spent in figures["idle_ms"].items() if spent >= 1]
    lines.append(f"the processor still works in the 100 ms after a call: {', '.join(busy) or 'nowhere'}")
    return lines


if __name__ == "__main__":
    main()
