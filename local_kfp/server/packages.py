"""The file of an upload: YAML or JSON, or a zip or tar.gz with pipeline.yaml in it."""

import gzip
import io
import tarfile
import zipfile

from local_kfp.server.errors import invalid

LARGEST_BYTES = 32 << 20
_PREFERRED = "pipeline.yaml"


def read_package(name: str, content: bytes) -> bytes:
    """The pipeline in an uploaded file; of an archive without pipeline.yaml, its first file."""
    if len(content) > LARGEST_BYTES:
        raise invalid(f"File size too large. Maximum supported size: {LARGEST_BYTES} bytes")
    if name.endswith((".yaml", ".yml", ".json")):
        return content
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return archive.read(_member(archive.namelist()))
        if content.startswith(b"\x1f\x8b"):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                if file := archive.extractfile(_member(archive.getnames())):
                    return file.read()
                raise tarfile.TarError("its first member is not a file")
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError) as error:
        raise invalid(f"Error extracting pipeline from the archive {name}: {error}") from None
    raise invalid("Unexpected pipeline file format. Support .zip, .tar.gz, .json or YAML")


def _member(names: list[str]) -> str:
    chosen = _PREFERRED if _PREFERRED in names else next(iter(names), "nothing")
    if not chosen.endswith((".yaml", ".yml")):
        raise invalid(f"Expecting a pipeline.yaml file inside the archive. Got: {chosen}")
    return chosen
