"""Hand the commands damaged, foreign and odd inputs of every kind: `python -m tests.fuzz --seconds 300 --seed 7`.

Inputs are run in processes that read many one after the other, watched from outside: one that takes far more than
LIMIT_MB or LIMIT_S is killed, and the next process goes on behind it. What must not happen is a traceback, a signal, an
exit status other than those promised for that kind, or either limit. Inputs that fail are kept in --keep. Linux only.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from realtime.reading import ensemble
from realtime.reading.classifier import Classifier
from realtime.reading.finder import Finder
from realtime.reading.row_reader import RowReader
from tests.fuzz_inputs import KINDS, Case, make_seeds

LIMIT_MB, LIMIT_S = 1000, 20.0  # of an input, s of the processor, which do not depend on what else runs
PATIENCE = 300.0  # s by the clock after which a process is taken to hang, on a busy machine
POLL = 0.05  # s between two looks at a process
COLUMNS = (
    "inputs",
    "read",
    "refused",
    "tracebacks",
    "signals",
    "wrong status",
    f"over {LIMIT_MB} MB",
    "over 20 s of CPU",
)


class Outcome(NamedTuple):
    """What came of an input: its case, exit status, what went wrong if anything, MB and s at most."""

    case: Case
    code: int
    fault: str
    megabytes: float
    seconds: float


def run_cases(cases: list[Case], folder: Path) -> Iterator[Outcome]:
    """Run cases in a process after another, each going on behind the case that the one before did not survive."""
    done = 0
    while done < len(cases):
        for outcome in _run_process(cases[done:], folder):
            done += 1
            yield outcome


def _run_process(cases: list[Case], folder: Path) -> Iterator[Outcome]:
    """Run cases in one process; end with the case that kills it, or that it is killed for."""
    told, asked = folder / "results.jsonl", folder / "cases.json"
    told.write_bytes(b"")
    asked.write_text(json.dumps([case.words for case in cases]))
    command = [sys.executable, "-m", "tests.fuzz", "--child", str(asked), str(told)]
    with (folder / "child.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        count, since = 0, time.monotonic()
        while count < len(cases):
            ended = process.poll() is not None
            *lines, _ = told.read_text().split("\n")  # what stands behind the last end of a line is being written
            for line in lines[count:]:
                yield _judge(cases[count], **json.loads(line))
                count, since = count + 1, time.monotonic()
            if count == len(cases):
                break
            memory, seconds = _resident(process.pid), time.monotonic() - since
            if ended or memory > 2 * LIMIT_MB or seconds > PATIENCE:
                process.kill()
                fault = "signal" if ended else "memory" if memory > LIMIT_MB else "time"
                yield Outcome(cases[count], process.wait(), fault, memory, seconds)
                return
            time.sleep(POLL)


def _judge(case: Case, code: int, said: str, megabytes: float, seconds: float) -> Outcome:
    """Hold what a process told of a case against what is promised."""
    fault = "traceback" if "Traceback" in said else "" if code in case.codes else "status"
    fault = fault or ("memory" if megabytes > LIMIT_MB else "time" if seconds > LIMIT_S else "")
    return Outcome(case, code, fault, megabytes, seconds)


def _resident(pid: int) -> float:
    """Return the MB that a process has in memory."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError, ValueError):
        return 0.0


def be_child(asked: Path, told: Path) -> None:
    """Run the commands of a file in this process, and tell of each what came of it."""
    commands = {e.name: e for e in entry_points(group="console_scripts") if e.dist and e.dist.name == "livedigits"}
    # The same files are opened for all inputs: only once, which is half of the time of most.
    ensemble.Finder, ensemble.RowReader = lru_cache(2)(Finder), lru_cache(2)(RowReader)
    ensemble.Classifier = lru_cache(2)(Classifier)
    with told.open("a") as results:
        for words in json.loads(asked.read_text()):
            Path("/proc/self/clear_refs").write_text("5")  # the peak of memory is counted from here on
            began, (code, said) = time.process_time(), _run(commands[words[0]].load(), words)
            status = Path("/proc/self/status").read_text()
            peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
            results.write(json.dumps({"code": code, "said": said[-1500:], "megabytes": peak}
                                     | {"seconds": time.process_time() - began}) + "\n")  # fmt: skip
            results.flush()


def _run(command: click.Command, words: list[str]) -> tuple[int, str]:
    """Run a command as its script does; return its exit status and what it wrote, a traceback of its own included."""
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 1), os.dup2(output.fileno(), 2)
        try:
            command.main([os.fsdecode(os.fsencode(word)) for word in words[1:]], prog_name=words[0])
            code, said = 0, ""
        except SystemExit as end:
            code, said = end.code if isinstance(end.code, int) else int(end.code is not None), ""
        except BaseException:  # noqa: BLE001  # whatever it is, it is what is looked for
            code, said = 1, traceback.format_exc()
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            for number, before in enumerate(kept, 1):
                os.dup2(before, number)
                os.close(before)
        output.seek(0)
        return code, output.read().decode(errors="replace") + said


def table(outcomes: list[Outcome]) -> list[str]:
    """Return the outcomes as a table in Markdown, a line for each kind and one for all."""
    heads = ("kind", *COLUMNS, "most MB", "longest, s")
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for kind in [*dict.fromkeys(outcome.case.kind for outcome in outcomes), "all"]:
        own = [outcome for outcome in outcomes if kind in (outcome.case.kind, "all")]
        faults = [sum(o.fault == name for o in own) for name in ("traceback", "signal", "status", "memory", "time")]
        read = sum(o.code == 0 and not o.fault for o in own)
        counts = [len(own), read, len(own) - read - sum(faults), *faults]
        worst = [f"{max(o.megabytes for o in own):.0f}", f"{max(o.seconds for o in own):.1f}"]
        lines.append(f"| {kind} | {' | '.join([*map(str, counts), *worst])} |")
    return lines


@click.command()
@click.option("--seconds", type=click.FloatRange(0), default=300, show_default=True, help="Go on for so long.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same inputs.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many inputs.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(sorted(KINDS)), help="Repeat for several.  [all]")
@click.option("--keep", type=click.Path(path_type=Path), default=Path("fuzzed"), help="Where what fails is kept.")
@click.option("--child", nargs=2, type=click.Path(path_type=Path), hidden=True)
def main(
    seconds: float, seed: int, count: int | None, kinds: tuple[str, ...], keep: Path, child: tuple[Path, Path] | None
) -> None:
    """Fuzz the commands and print a table; the exit status is 1 where anything failed."""
    if child is not None:
        be_child(*child)
        return
    ends, outcomes = time.monotonic() + seconds, []
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        seeds = make_seeds(folder / "seeds")
        number = 0
        while time.monotonic() < ends and (count is None or len(outcomes) < count):
            chosen: list[str] = list(rng.permutation(kinds or sorted(KINDS)))
            for kind in chosen:
                place = folder / f"{number:05}"
                size = min(KINDS[kind].batch, count - len(outcomes) if count else KINDS[kind].batch)
                cases = [KINDS[kind].make(rng, seeds, place / f"{k:03}") for k in range(max(size, 1))]
                for outcome in run_cases(cases, folder):
                    outcomes.append(outcome)
                    if outcome.fault:
                        _keep(outcome, keep / f"{seed}-{len(outcomes):05}-{kind}")
                    if time.monotonic() > ends:
                        break
                subprocess.run(["rm", "-rf", place], check=True)
                number += 1
                if time.monotonic() > ends:
                    break
    click.echo(f"seed {seed}, {seconds:g} s\n\n" + "\n".join(table(outcomes)))
    if any(outcome.fault for outcome in outcomes):
        click.echo(f"what failed is kept in {keep}", err=True)
        sys.exit(1)


def _keep(outcome: Outcome, target: Path) -> None:
    """Keep the folder of an input that failed, and what was run on it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-r", outcome.case.folder, target], check=True)
    told: dict[str, Any] = outcome._asdict() | {"case": outcome.case.words}
    (target / "outcome.json").write_text(json.dumps(told, indent=1))
    click.echo(f"{outcome.fault}: {' '.join(outcome.case.words)}"[:300].encode(errors="replace"), err=True)


if __name__ == "__main__":
    main()
