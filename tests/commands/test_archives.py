"""Archives: many files on a Dask cluster, a worker killed on the way, and pictures and lines in a store by S3."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.sources.frame import SourceError
from realtime.sources.picture_bytes import read_bytes, source_name
from realtime.sources.remote import address_of, is_remote, list_remote
from tests.conftest import draw_sheet, save_image
from tests.run_commands import assert_one_error, run, start

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        print(cluster.scheduler_address, *(w.pid for w in cluster.workers.values()), flush=True)
        sys.stdin.read()
"""
COUNT = 24


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photos, 10 to 33, of which one is none."""
    folder = tmp_path_factory.mktemp("photos")
    for n in range(10, 10 + COUNT):
        save_image(folder / f"{n}.png", draw_sheet([str(n)], (320, 240), seed=n))
    (folder / "12.png").write_text("no picture", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and two workers of one thread: the address, and the ids of the workers' processes."""
    program = tmp_path_factory.mktemp("cluster") / "cluster.py"
    program.write_text(CLUSTER, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        address, *workers = process.stdout.readline().split()
        yield address, [int(pid) for pid in workers]
        process.communicate()


@pytest.fixture(scope="module")
def store(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server that speaks S3 with the photos in the bucket archive, below in/."""
    boto3 = pytest.importorskip("boto3")
    moto_server = pytest.importorskip("moto.server")
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "word", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (keys | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}).items():
            patch.setenv(name, value)
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket="archive")
        for path in sorted(photos.iterdir()):
            client.upload_file(str(path), "archive", f"in/{path.name}")
        yield
    server.stop()


def lines(path: Path) -> list[dict]:
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in found:
        del line["latency_ms"]
    return found


def test_a_cluster_tells_what_one_process_tells_though_a_worker_is_killed(
    photos: Path, cluster: tuple[str, list[int]], tmp_path: Path
) -> None:
    address, workers = cluster
    alone = run("recognize-image", photos, "--json", "1.jsonl", "--csv", "1.csv", folder=tmp_path)
    words = (photos, "--json", "2.jsonl", "--csv", "2.csv", "--dask", address)
    with start("recognize-image", *words, folder=tmp_path) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        os.kill(workers[0], signal.SIGKILL)
        rest, err = process.communicate(timeout=120)
    assert process.returncode == alone.returncode == 3
    assert first + rest == alone.stdout and len(alone.stdout.splitlines()) == COUNT - 1
    assert err.count("error:") == 1 and "12.png" in err and "Traceback" not in err
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert lines(tmp_path / "1.jsonl") == lines(tmp_path / "2.jsonl")


def test_a_cluster_goes_on_where_a_run_was_cut_off(
    photos: Path, cluster: tuple[str, list[int]], tmp_path: Path
) -> None:
    good = [photos / f"{n}.png" for n in (10, 11, 13, 14)]
    assert run("recognize-image", *good[:2], "--json", "all.jsonl", folder=tmp_path).returncode == 0
    words = ("--json", "all.jsonl", "--resume", "--dask", cluster[0])
    assert run("recognize-image", *good, *words, folder=tmp_path).returncode == 0
    assert [line["source"] for line in lines(tmp_path / "all.jsonl")] == [str(path) for path in good]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--dask", "tcp://127.0.0.1:9"), 1, "no Dask scheduler answers at tcp://127.0.0.1:9"),
        (("--dask", "nonsense"), 2, "is no address of a Dask scheduler"),
        (("--dask", "tcp://127.0.0.1:9", "--workers", "2"), 2, "give one of them"),
        (("--dask", "tcp://127.0.0.1:9", "--show"), 2, "--show needs --workers 1"),
        (("--json", "s3://archive/a.jsonl", "--resume"), 2, "needs a file of this machine"),
    ],
)
def test_what_cannot_be_done_is_said(photos: Path, tmp_path: Path, words: tuple, status: int, says: str) -> None:
    done = run("recognize-image", photos / "10.png", photos / "11.png", *words, folder=tmp_path)
    if status == 1:
        assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
    else:
        assert_one_error(done, status, says)


@pytest.mark.usefixtures("store")
def test_a_store_gives_pictures_and_takes_lines(photos: Path, cluster: tuple[str, list[int]], tmp_path: Path) -> None:
    import boto3

    words = ("--csv", "s3://archive/out/all.csv", "--json", "all.jsonl")
    done = run("recognize-image", "s3://archive/in", *words, folder=tmp_path)
    assert done.returncode == 3 and done.stderr.count("error:") == 1 and "s3://archive/in/12.png" in done.stderr
    here = run("recognize-image", photos, "--csv", "all.csv", folder=tmp_path)
    assert done.stdout == here.stdout.replace(f"{photos}/", "s3://archive/in/")
    body = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).get_object(
        Bucket="archive", Key="out/all.csv"
    )
    written = body["Body"].read().decode()
    assert written == (tmp_path / "all.csv").read_text(encoding="utf-8").replace(f"{photos}/", "s3://archive/in/")
    again = run("recognize-image", "s3://archive/in/1*.png", "--json", "all.jsonl", "--resume", folder=tmp_path)
    assert again.returncode == 3 and again.stdout == ""  # 12.png alone is tried again


@pytest.mark.usefixtures("store")
def test_what_a_store_lacks_is_named() -> None:
    with pytest.raises(SourceError, match=r"cannot read s3://archive/in/no\.png"):
        read_bytes(Path("s3://archive/in/no.png"))
    with pytest.raises(SourceError, match="no pictures in s3://archive/nothing"):
        list_remote(Path("s3://archive/nothing"), {".png"})
    assert len(list_remote(Path("s3://archive/in/*"), {".png"})) == COUNT


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("s3://a/b.png", True),
        ("S3://a/b.png", True),
        ("gs://a/b", True),
        ("s3:/", False),
        ("s3/b.png", False),
        ("a.png", False),
    ],
)
def test_addresses_of_stores_are_told_from_paths(path: str, remote: bool) -> None:
    assert is_remote(Path(path)) is remote
    if remote:
        assert address_of(Path(path)) == source_name(Path(path)) == path.replace("S3", "s3")
