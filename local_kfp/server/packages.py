"""The file of an upload: YAML or JSON, or a zip or tar.gz with pipeline.yaml in it."""

import gzip
import io
import tarfile
import zipfile
import zlib
from typing import IO

from local_kfp.server.errors import invalid

LARGEST_BYTES = 32 << 20
_PREFERRED = "pipeline.yaml"
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError)
_UNSUPPORTED = (
    RuntimeError,
    NotImplementedError,
    LookupError,
)  # a password, a compression, a link to nothing


def read_package(name: str, content: bytes) -> bytes:
    """The pipeline in an uploaded file; of an archive without pipeline.yaml, its first file."""
    _check_size(len(content))
    if name.endswith((".yaml", ".yml", ".json")):
        return content
    try:
        if content.startswith(b"PK"):
            return _read_zip(content)
        if content.startswith(b"\x1f\x8b"):
            return _read_tar(_read(gzip.GzipFile(fileobj=io.BytesIO(content))))
    except (*_DAMAGED, *_UNSUPPORTED) as error:
        raise invalid(f"Error extracting pipeline from the archive {name}: {error}") from None
    raise invalid("Unexpected pipeline file format. Support .zip, .tar.gz, .json or YAML")


def _read_zip(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _read(archive.open(_member(archive.namelist())))


def _read_tar(content: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        if file := archive.extractfile(_member(archive.getnames())):
            return _read(file)
    raise tarfile.TarError("its first member is not a file")


def _read(file: IO[bytes] | gzip.GzipFile) -> bytes:
    """What an archive contains may be a thousand times as large as the archive."""
    content = file.read(LARGEST_BYTES + 1)
    _check_size(len(content))
    return content


def _check_size(size: int) -> None:
    if size > LARGEST_BYTES:
        raise invalid(f"File size too large. Maximum supported size: {LARGEST_BYTES} bytes")


def _member(names: list[str]) -> str:
    chosen = _PREFERRED if _PREFERRED in names else next(iter(names), "nothing")
    if not chosen.endswith((".yaml", ".yml")):
        raise invalid(f"Expecting a pipeline.yaml file inside the archive. Got: {chosen}")
    return chosen
