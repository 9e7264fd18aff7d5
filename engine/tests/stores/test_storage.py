"""Storage: the same promises from a folder and from a bucket, and one clear line for what goes wrong."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.command_line import SettingsError, WorldError
from engine.stores import s3, storage
from engine.tests.standins.web_server import web_server

CLOSED_PORT = "http://127.0.0.1:9"


@pytest.fixture(params=["file", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URI of a new, empty place."""
    if request.param == "file":
        return (tmp_path / "a folder").as_uri()
    return f"{request.getfixturevalue('s3_folder')}/a folder"


def test_a_written_file_is_read_and_listed(folder: str) -> None:
    assert storage.list_names(folder) == []
    storage.write_bytes(f"{folder}/b/two.txt", b"2")
    storage.write_bytes(f"{folder}/one.txt", b"1")
    storage.write_bytes(f"{folder}/one.txt", b"one")

    assert storage.read_bytes(f"{folder}/one.txt") == b"one"
    assert storage.list_names(folder) == ["b/two.txt", "one.txt"]
    assert storage.list_names(f"{folder}/b") == ["two.txt"]


def test_a_missing_file_is_reported(folder: str) -> None:
    storage.write_bytes(f"{folder}/one.txt", b"1")
    with pytest.raises(storage.NotFound, match=r"two\.txt: there is nothing here"):
        storage.read_bytes(f"{folder}/two.txt")


def test_a_swap_wants_what_the_writer_had_read(folder: str) -> None:
    store = storage.open_store(folder)
    store.swap("x", b"1", None)
    with pytest.raises(storage.LostRace, match="another writer was first"):
        store.swap("x", b"2", None)

    first = store.read("x")[1]
    store.swap("x", b"2", first)
    for key in ("x", "never written"):
        with pytest.raises(storage.LostRace):
            store.swap(key, b"3", first)
    assert store.read("x")[0] == b"2"
    assert store.names() == ["x"]


def test_one_of_many_swaps_wins(folder: str) -> None:
    store = storage.open_store(folder)

    def swap(number: int) -> int:
        try:
            store.swap("x", str(number).encode(), None)
        except storage.LostRace:
            return 0
        return 1

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(swap, range(10))) == 1


@pytest.mark.parametrize("uri", ["minio://bucket/x", "/a/path", "file://relative/x", "s3:///x", "ftp://h/x"])
def test_other_uris_are_a_mistake(uri: str) -> None:
    with pytest.raises(SettingsError, match="expected a URI like"):
        storage.open_store(uri)


def test_a_full_disk_leaves_what_stood_there(tmp_path: Path) -> None:
    uri = (tmp_path / "x").as_uri()
    storage.write_bytes(uri, b"old")
    code = f"from engine.stores import storage; storage.write_bytes({uri!r}, b'n' * 100_000)"
    limit = (10_000, 10_000)
    failed = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        capture_output=True,
        text=True,
    )

    assert "File too large" in failed.stderr
    assert storage.read_bytes(uri) == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_a_folder_needs_no_boto3(tmp_path: Path) -> None:
    code = (
        "import sys; from engine.stores import storage\n"
        f"storage.write_bytes({(tmp_path / 'x').as_uri()!r}, b'1')\n"
        "sys.exit(bool({'boto3', 'botocore', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("identity", ["reader", "nobody"])
def test_refused_credentials_are_reported(
    s3_folder: str, s3_identity: Callable[[str], None], identity: str
) -> None:
    s3_identity(identity)
    for write in (storage.write_bytes, lambda uri, data: storage.open_store(uri).swap("x", data, None)):
        with pytest.raises(WorldError, match="the store refused these credentials"):
            write(f"{s3_folder}/x", b"1")
    if identity == "nobody":
        with pytest.raises(WorldError, match="the store refused these credentials"):
            storage.read_bytes(f"{s3_folder}/x")


def test_a_missing_bucket_is_not_an_empty_one(s3_folder: str) -> None:
    for read in (storage.read_bytes, storage.list_names, lambda uri: storage.open_store(uri).require()):
        with pytest.raises(WorldError, match="there is no bucket 'no-such-bucket'; create it first") as error:
            read("s3://no-such-bucket/x")
        assert not isinstance(error.value, storage.NotFound)


@pytest.fixture
def s3_at(s3_identity: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Call it with a URL, and S3 is spoken to there."""

    def point(url: str) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        s3.forget_client()

    return point


def test_an_endpoint_out_of_reach_is_reported(s3_at: Callable[[str], None]) -> None:
    s3_at(CLOSED_PORT)
    with pytest.raises(WorldError, match=f"cannot reach {CLOSED_PORT}; check AWS_ENDPOINT_URL"):
        storage.read_bytes("s3://bucket/x")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 404, "body": b"<html>no such page</html>"}, "the store answered 404"),
        ({"status": 503, "body": b"<html>busy</html>"}, "the store answered 503"),
        ({"status": 200, "body": b"half", "missing": 4}, "ended before its length"),
    ],
)
def test_an_answer_that_no_store_gives_is_reported(
    s3_at: Callable[[str], None], answer: dict, said: str
) -> None:
    with web_server(**answer) as url:
        s3_at(url)
        with pytest.raises(WorldError, match=said) as error:
            storage.read_bytes("s3://bucket/x")
    assert not isinstance(error.value, storage.NotFound)


def test_tables_are_read_from_either_store(folder: str, tmp_path: Path) -> None:
    storage.write_bytes(f"{folder}/x.parquet", _parquet())
    filesystem, path = storage.filesystem(f"{folder}/x.parquet")
    assert pq.read_table(path, filesystem=filesystem)["x"].to_pylist() == [1, 2]

    storage.write_bytes(f"{folder}/broken.parquet", _parquet()[:-10])
    for name, error in (("broken", "expected readable data"), ("missing", "there is nothing here")):
        uri = f"{folder}/{name}.parquet"
        filesystem, path = storage.filesystem(uri)
        with pytest.raises(WorldError, match=error), storage.clear_errors(uri):
            pq.read_table(path, filesystem=filesystem)


def test_refused_and_missing_tables_are_reported(s3_folder: str, s3_identity, s3_at) -> None:
    def read() -> None:
        filesystem, path = storage.filesystem(f"{s3_folder}/x.parquet")
        with storage.clear_errors(s3_folder):
            pq.read_table(path, filesystem=filesystem)

    s3_identity("nobody")
    with pytest.raises(WorldError, match="the store refused these credentials"):
        read()
    s3_at(CLOSED_PORT)
    with pytest.raises(WorldError, match="cannot reach"):
        read()


def test_https_is_downloaded(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with web_server(body=_parquet(), certificate=certificate) as url:
        filesystem, path = storage.filesystem(f"{url}/data/x.parquet?download=1")
        assert storage.read_bytes(f"{url}/data/x.parquet") == _parquet()
    assert path.endswith("/x.parquet")
    assert pq.read_table(path, filesystem=filesystem)["x"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 404}, "there is nothing here"),
        ({"status": 403}, "the server answered 403"),
        ({"status": 503}, "the server answered 503"),
        ({"body": b"half", "missing": 4}, "the answer ended at 4 of 8 bytes"),
    ],
)
def test_a_failed_download_is_reported(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, answer: dict, said: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with web_server(certificate=certificate, **answer) as url, pytest.raises(WorldError, match=said):
        storage.read_bytes(f"{url}/x.parquet")


def test_a_download_from_an_unknown_host_is_refused(certificate: Path) -> None:
    with (
        web_server(certificate=certificate) as url,
        pytest.raises(WorldError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        storage.read_bytes(f"{url}/x.parquet")


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1, 2]}), sink)
    return sink.getvalue().to_pybytes()
