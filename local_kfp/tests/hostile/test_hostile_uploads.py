"""Hostile files are refused with one clear line."""

import gzip
import io
import json
import tarfile
import zipfile

import pytest
import yaml

from local_kfp.tests.hostile.documents import DEEP, SPEC, deep
from local_kfp.tests.server_process import ServerProcess

ALIASES = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
FILES = {
    "deep lists": deep(DEEP),
    "a deep block": b"".join(b" " * level + b"a:\n" for level in range(300)),
    "deep complex keys": b"? " * DEEP,
    "aliases of aliases": ALIASES.encode(),
    "an alias of itself": b"&a [*a]",
    "a tag": b"a: !!python/object/apply:os.system [true]",
    "a number without digits": b"a: !!int ''",
    "a flag without a value": b"a: !!bool x",
    "a number of 10,000 digits": b"a: " + b"9" * 10_000,
    "a number of a million parts": b"a: 1" + b":59" * 1_000_000,
    "an infinite number": json.dumps(SPEC).encode() + b"\n---\nplatforms: {a: .inf}",
    "a key that is a list": b"? [a]\n: 1",
    "a million values": b"[" + b"1," * 1_000_000 + b"1]",
    "bytes that are no text": b"\xff\xfe\xfd",
    "control characters": b"a: \x00\x07",
    "names with underscores": yaml.safe_dump(
        {"schema_version" if name == "schemaVersion" else name: value for name, value in SPEC.items()}
        | {"pipeline_info": SPEC["pipelineInfo"]}
    ).encode(),
    "info with underscores": yaml.safe_dump(
        {name: value for name, value in SPEC.items() if name != "pipelineInfo"}
        | {"pipeline_info": SPEC["pipelineInfo"]}
    ).encode(),
    "a root that is a number": json.dumps(SPEC | {"root": 3}).encode(),
    "a name of a version that is a list": json.dumps(SPEC | {"schemaVersion": ["2.1.0"]}).encode(),
    "a duration that is an object": json.dumps(
        SPEC | {"root": {"dag": {"tasks": {"a": {"retryPolicy": {"backoffDuration": {"a": 1}}}}}}}
    ).encode(),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_uploaded_file_is_refused(server: ServerProcess, content: bytes) -> None:
    refused = server.http.post("pipelines/upload?name=p", files={"uploadfile": ("p.yaml", content)})
    assert refused.status_code == 400
    assert "\n" not in refused.json()["error_message"] and len(refused.content) < 10_000


def zipped(content: bytes, name: str = "pipeline.yaml") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def tarred(size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("pipeline.yaml")
        member.size, member.type, member.linkname = size, kind, "nothing"
        archive.addfile(member, io.BytesIO(bytes(size)))
    return gzip.compress(file.getvalue())


LARGE = 200 << 20
ARCHIVES = {
    "a zip of 200 MB": zipped(bytes(LARGE)),
    "a tar.gz of 200 MB": tarred(LARGE),
    "a tar.gz of a link": tarred(0, tarfile.SYMTYPE),
    "a tar.gz of a folder": tarred(0, tarfile.DIRTYPE),
    "a damaged zip": zipped(b"a" * 1000).replace(b"\x4b\x4c", b"\xff\xff"),
    "a zip that ends early": zipped(b"a" * 1000)[:-30],
    "an encrypted zip": zipped(b"a").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    ),
    "a damaged tar.gz": tarred(1000)[:-20],
    "a zip of deep lists": zipped(deep(DEEP)),
}


@pytest.mark.parametrize("content", ARCHIVES.values(), ids=ARCHIVES)
def test_archive_is_refused(server: ServerProcess, content: bytes) -> None:
    refused = server.http.post("pipelines/upload?name=p", files={"uploadfile": ("p.zip", content)})
    assert refused.status_code == 400
    assert "\n" not in refused.json()["error_message"]


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "text/plain", "\xff"]
)
def test_malformed_upload_is_refused(server: ServerProcess, kind: str) -> None:
    headers = {b"content-type": kind.encode("latin-1")}
    refused = server.http.post("pipelines/upload?name=p", content=b"--\r\n\x00", headers=headers)
    assert refused.status_code == 400


def test_body_without_end_is_refused(server: ServerProcess) -> None:
    chunk = bytes(1 << 20)
    refused = server.http.post("runs", content=(chunk for _ in range(40)))
    assert refused.status_code == 400
    assert "File size too large" in refused.text
