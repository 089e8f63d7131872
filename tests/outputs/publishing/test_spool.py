"""The queue on disk: in order, bounded, alone, and there again after a kill."""

import subprocess
import sys
from pathlib import Path

import pytest

from realtime.outputs.publishing.spool import Spool
from realtime.outputs.sink import OutputError


def drain(spool: Spool) -> list[str]:
    texts = []
    while (waiting := spool.first()) is not None:
        texts.append(waiting[1])
        spool.done(waiting[0])
    return texts


def test_messages_come_out_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "sub" / "a")
    for text in ("1", "ä\n", "3"):
        spool.put(text)
    assert len(spool) == 3 and drain(spool) == ["1", "ä\n", "3"] and len(spool) == 0


def test_a_full_spool_lets_go_of_the_oldest_and_counts_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a", capacity=3)
    for text in "12345":
        spool.put(text)
    assert drain(spool) == ["3", "4", "5"] and spool.lost == 2


def test_what_was_kept_is_there_after_a_kill(tmp_path: Path) -> None:
    program = (
        "import os, sys, signal; from pathlib import Path; from realtime.outputs.publishing.spool import Spool\n"
        "s = Spool(Path(sys.argv[1]))\n"
        "for t in '123': s.put(t)\n"
        "s.done(s.first()[0]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a")], check=False)
    assert drain(Spool(tmp_path / "a")) == ["2", "3"]


def test_two_commands_do_not_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a")
    with pytest.raises(OutputError, match="another command publishes from it"):
        Spool(tmp_path / "a")
    spool.close()
    Spool(tmp_path / "a").close()


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("not a database, but long enough to be read as the head of one" * 20)
    with pytest.raises(OutputError, match="cannot keep events"):
        Spool(tmp_path / "a")
