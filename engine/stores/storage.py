"""Bytes by URI: file://, s3:// and https:// read alike, and what goes wrong is one clear line."""

import atexit
import shutil
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from engine.command_line import SettingsError, WorldError
from engine.http import retry
from engine.stores.errors import LostRace, NotFound, nothing_at
from engine.stores.object_stores import FileStore, S3Store
from engine.stores.s3 import READ_SECONDS, s3_filesystem
from engine.stores.s3_errors import clear_s3_errors

__all__ = [
    "LostRace",
    "NotFound",
    "clear_errors",
    "filesystem",
    "list_names",
    "open_store",
    "read_bytes",
    "write_bytes",
]


def read_bytes(uri: str) -> bytes:
    if uri.startswith("https://"):
        return _download(uri).read_bytes()
    folder, _, name = uri.rpartition("/")
    return open_store(folder).read(name)[0]


def write_bytes(uri: str, data: bytes) -> None:
    """Write `data` so that a reader sees all of it or what stood there before."""
    folder, _, name = uri.rpartition("/")
    open_store(folder).write(name, data)


def list_names(uri: str) -> list[str]:
    """The sorted names of everything below the folder `uri`, relative to it; none without a folder."""
    return open_store(uri).names()


def filesystem(uri: str) -> tuple[Any, str]:
    """The pyarrow filesystem and the path in it for `uri`; what is behind https:// is downloaded."""
    from pyarrow import fs

    if uri.startswith("https://"):
        return fs.LocalFileSystem(), str(_download(uri))
    store = open_store(uri)
    if isinstance(store, FileStore):
        return fs.LocalFileSystem(), str(store.root)
    with clear_s3_errors(uri):
        return s3_filesystem(store.bucket), f"{store.bucket}/{store.prefix}".rstrip("/")


@contextmanager
def clear_errors(uri: str) -> Iterator[None]:
    """Whatever pyarrow raises about `uri` becomes the one line that a person can act on."""
    try:
        yield
    except FileNotFoundError:
        raise nothing_at(uri) from None
    except (OSError, ValueError) as error:
        if uri.startswith("s3://"):
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            S3Store(bucket, key).require_readable()  # the client says why the store refuses
        raise WorldError(f"{uri}: expected readable data, found: {str(error).splitlines()[0]}") from None


def open_store(uri: str) -> FileStore | S3Store:
    """The store whose keys are relative to the folder `uri`."""
    scheme, _, rest = uri.partition("://")
    if scheme == "file" and rest.startswith("/"):
        return FileStore(Path(unquote(rest)))
    if scheme == "s3" and rest.partition("/")[0]:
        bucket, _, prefix = rest.partition("/")
        return S3Store(bucket, prefix.strip("/"))
    raise SettingsError(f"expected a URI like file:///folder or s3://bucket/folder, found {uri!r}")


def _download(uri: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="download-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = folder / (uri.partition("?")[0].rstrip("/").rpartition("/")[2] or "download")
    retry.retried(lambda: _fetch(uri, target))
    return target


def _fetch(uri: str, target: Path) -> None:
    """One attempt to download what is at `uri`."""
    try:
        with urllib.request.urlopen(uri, timeout=READ_SECONDS) as answer, target.open("wb") as file:
            if not answer.url.startswith("https://"):
                raise WorldError(f"{uri}: redirects to {answer.url}, which anyone on the way can change")
            shutil.copyfileobj(answer, file)
            expected = int(answer.headers.get("Content-Length") or file.tell())
            if file.tell() != expected:
                problem = f"{uri}: the answer ended at {file.tell()} of {expected} bytes; try again"
                raise retry.Failed(WorldError(problem))
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            raise nothing_at(uri) from None
        problem = f"{uri}: the server answered {error.code} {error.reason}"
        if not retry.may_pass(error.code, repeatable=True):
            raise WorldError(problem) from None
        wish = retry.wished_wait(error.headers.get("Retry-After"))
        raise retry.Failed(WorldError(f"{problem}; try again later"), wish) from None
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        raise _unreached(uri, getattr(error, "reason", error)) from None


def _unreached(uri: str, reason: object) -> Exception:
    """What a download raises that got no answer: whom the network does not trust is not asked again."""
    unreached = WorldError(f"{uri}: cannot be reached ({reason}); check the network")
    return unreached if isinstance(reason, ssl.SSLError) else retry.Failed(unreached)
