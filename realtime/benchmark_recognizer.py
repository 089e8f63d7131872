"""benchmark-recognizer: what reading a clip costs beside decoding it, in one run, interleaved and repeated.

Measured on the bundled 720p clip, 3 rounds, one thread of two quiet x86-64 cores, its sheets moving: reading a frame
takes 10 times decoding it, of which finding ink 3.3 and the network 2.8. A sheet that stands still is read in one frame
of ten.
"""

import os
import platform
from pathlib import Path

import click
import cv2
import numpy as np
import onnxruntime
from tqdm import tqdm

from realtime.benchmark import Round, Start, limit_threads, measure_round, measure_start
from realtime.capture import Clip
from realtime.classifier import Classifier
from realtime.options import exit_codes, model_options, open_classifier
from realtime.report import save_json

START_FRAMES, STARTS = 50, 3  # frames that each fresh process reads, and how many processes


@click.command()
@click.argument("clip", type=click.Path(path_type=Path))
@model_options
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Go through the clip so often.")
@click.option("--max-frames", type=click.IntRange(1), help="Stop each round after so many frames.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="For OpenCV and decoder, each.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures as JSON.")
def main(
    clip: Path,
    model: Path | None,
    device: str,
    conf: float,
    polarity: str,
    rounds: int,
    max_frames: int | None,
    threads: int,
    json_path: Path | None,
) -> None:
    """Measure what it costs to read CLIP: each stage, the whole, beside decoding the same frames.

    Decoding and reading take turns every 20 frames, so that the ratio of both holds on a busy machine too. Start-up and
    memory are those of recognize-video in fresh processes.
    """
    with exit_codes():
        with Clip(clip) as opened:
            image = next(opened.frames()).image
        classifier = open_classifier(model, device)
        few = min(max_frames or START_FRAMES, START_FRAMES)
        starts = [measure_start(clip, classifier.path, device, few) for _ in range(STARTS)]
        with limit_threads(threads):
            measured = [
                measure_round(clip, classifier, conf, polarity, max_frames)
                for _ in tqdm(range(rounds + 1), unit="round", disable=None)
            ][1:]  # the first warms the caches
        setting = describe(clip, image.shape, classifier, threads, len(measured[0].reading))
        figures = {**setting, **summarize(measured, starts)}
        click.echo("\n".join(table(figures)))
        if json_path is not None:
            save_json(json_path, figures)


def describe(
    clip: Path, shape: tuple[int, ...], classifier: Classifier, threads: int, frames: int
) -> dict[str, object]:
    """Return under which conditions was measured."""
    return {
        "clip": clip.name,
        "size": [shape[1], shape[0]],
        "frames": frames,
        "device": classifier.device,
        "model": classifier.path.name,
        "threads": threads,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {"python": platform.python_version(), "cv2": cv2.__version__, "numpy": np.__version__}
        | {"onnxruntime": onnxruntime.__version__},
    }


def summarize(rounds: list[Round], starts: list[Start]) -> dict[str, object]:
    """Return the medians over rounds, with the least and the most: times in ms a frame, memory in MB."""
    frames = np.array([len(r.reading) for r in rounds])
    decoding = np.array([sum(r.decoding) for r in rounds])
    whole = np.array([sum(r.whole) for r in rounds])

    def cost(sums: list[float]) -> dict[str, list[float]]:
        return {"ms": spread(1000 * np.array(sums) / frames), "times_decoding": spread(np.array(sums) / decoding)}

    names = list(dict.fromkeys(name for r in rounds for name in r.stages))
    stages = {name: cost([r.stages.get(name, 0.0) for r in rounds]) for name in names}
    stages["rest"] = cost([sum(r.reading) - sum(r.stages.values()) for r in rounds])
    each = 1000 * np.concatenate([r.reading for r in rounds])
    memory = [start.memory / 1e6 for start in starts if start.memory is not None]
    return {
        "rounds": len(rounds),
        "read_share": float(np.mean([1 - r.followed / len(r.reading) for r in rounds])),
        "digits_a_frame": float(np.mean([n for r in rounds for n in r.digits])),
        "decoding": cost([sum(r.decoding) for r in rounds]),
        "stages": stages,
        "reading": cost([sum(r.reading) for r in rounds]),
        "drawing": cost([sum(r.drawing) for r in rounds]),
        "frame_ms": {"p50": float(np.percentile(each, 50)), "p99": float(np.percentile(each, 99))},
        "frames_a_second": spread(frames / whole),
        "start_s": spread(np.array([start.seconds for start in starts])),
        "memory_mb": max(memory) if memory else None,
    }


def spread(values: np.ndarray) -> list[float]:
    """Return the median, the least and the most of values (N,)."""
    return [round(float(value), 4) for value in (np.median(values), values.min(), values.max())]


def table(figures: dict) -> list[str]:
    """Return the figures as lines of text."""
    width, height = figures["size"]
    threads = "one thread" if figures["threads"] == 1 else f"{figures['threads']} threads"
    lines = [
        f"{figures['clip']} {width}x{height}, {figures['frames']} frames, {figures['digits_a_frame']:.1f} digits a "
        f"frame, {figures['rounds']} rounds, {threads}, {figures['device']}, {figures['machine']}; "
        f"{100 * figures['read_share']:.0f} % of the frames read, the others followed",
        f"{'':<20}{'ms a frame':>12}{'times decoding':>16}   least to most",
    ]
    rows = [("decoding", figures["decoding"])]
    rows += [(f"  {name}", cost) for name, cost in figures["stages"].items()]
    rows += [("reading", figures["reading"]), ("drawing", figures["drawing"])]
    for name, cost in rows:
        ratio, least, most = cost["times_decoding"]
        lines.append(f"{name:<20}{cost['ms'][0]:>12.2f}{ratio:>16.2f}   {least:.2f} to {most:.2f}")
    rate, least, most = figures["frames_a_second"]
    lines.append(f"reading a frame: 50th percentile {figures['frame_ms']['p50']:.1f} ms, ")
    lines[-1] += f"99th {figures['frame_ms']['p99']:.1f} ms"
    lines.append(f"frames a second, decoding included: {rate:.0f} ({least:.0f} to {most:.0f})")
    start, least, most = figures["start_s"]
    memory = f"{figures['memory_mb']:.0f} MB" if figures["memory_mb"] is not None else "not known on this system"
    lines.append(f"from command to first reading {start:.2f} s ({least:.2f} to {most:.2f}), peak memory {memory}")
    return lines
