"""Two stores that keep the same promises: a folder, and a bucket of S3."""

import fcntl
import functools
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.command_line import WorldError

CONNECT_SECONDS = 5
READ_SECONDS = 60
ATTEMPTS = 3


class NotFound(WorldError):  # noqa: N818 - an answer of the store
    """The store answered, and there is nothing at this place."""


class LostRace(WorldError):  # noqa: N818 - an answer of the store
    """Another writer was first: what is there is not what this writer had read."""


class FileStore:
    """A folder. A write appears whole or not at all, and is on the disk when it returns."""

    def __init__(self, root: Path):
        self.root = root

    def read(self, key: str) -> tuple[bytes, str]:
        """The bytes at `key`, and the tag by which `swap` knows them again."""
        try:
            data = (self.root / key).read_bytes()
        except FileNotFoundError:
            raise NotFound(nothing_at(f"file://{self.root / key}")) from None
        return data, hashlib.sha256(data).hexdigest()

    def write(self, key: str, data: bytes) -> None:
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(target.parent)

    def swap(self, key: str, data: bytes, tag: str | None) -> None:
        """Write if the object at `key` still has `tag` (None: there is no object); LostRace otherwise."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # between processes; the kernel lets go of a killed one's
            try:
                stored_tag = self.read(key)[1]
            except NotFound:
                stored_tag = None
            if stored_tag != tag:
                raise LostRace(f"file://{self.root / key}: another writer was first; read it again")
            self.write(key, data)

    def names(self) -> list[str]:
        files = (file for file in self.root.rglob("*") if file.is_file() and not file.name.startswith("."))
        return sorted(file.relative_to(self.root).as_posix() for file in files)

    def require(self) -> None:
        """A folder is made when it is first written to."""


class S3Store:
    """A bucket, or a prefix of one. The store itself sees to it that of two swaps one wins."""

    def __init__(self, bucket: str, prefix: str):
        self.bucket, self.prefix = bucket, prefix

    def read(self, key: str) -> tuple[bytes, str]:
        """The bytes at `key`, and the tag by which `swap` knows them again."""
        with self._clear_errors(key):
            answer = s3_client().get_object(Bucket=self.bucket, Key=self._path(key))
            return answer["Body"].read(), answer["ETag"]

    def write(self, key: str, data: bytes) -> None:
        with self._clear_errors(key):
            s3_client().put_object(Bucket=self.bucket, Key=self._path(key), Body=data)

    def swap(self, key: str, data: bytes, tag: str | None) -> None:
        """Write if the object at `key` still has `tag` (None: there is no object); LostRace otherwise."""
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            with self._clear_errors(key):
                s3_client().put_object(Bucket=self.bucket, Key=self._path(key), Body=data, **condition)
        except NotFound:  # some stores' response to If-Match if the object is gone
            raise LostRace(f"{self._uri(key)}: another writer was first; read it again") from None

    def names(self) -> list[str]:
        folder = f"{self.prefix}/" if self.prefix else ""
        with self._clear_errors(""):
            pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=folder)
            keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return sorted(key.removeprefix(folder) for key in keys)

    def require(self) -> None:
        """Fail if there is no such bucket: a place that is missing is not an empty one."""
        with self._clear_errors(""):
            s3_client().head_bucket(Bucket=self.bucket)

    def _path(self, key: str) -> str:
        return f"{self.prefix}/{key}".strip("/")

    def _uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._path(key)}"

    @contextmanager
    def _clear_errors(self, key: str) -> Iterator[None]:
        from botocore import exceptions as aws

        uri = self._uri(key)
        try:
            yield
        except aws.ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"].get("HTTPStatusCode")
            if code == "NoSuchKey":  # never the bare status: any web server says 404
                raise NotFound(nothing_at(uri)) from None
            if code == "NoSuchBucket" or (status == 404 and not key):
                raise WorldError(f"{uri}: there is no bucket {self.bucket!r}; create it first") from None
            if status in (409, 412):
                raise LostRace(f"{uri}: another writer was first; read it again") from None
            if status in (401, 403):
                raise WorldError(f"{refused(uri)} ({code})") from None
            raise WorldError(f"{uri}: the store answered {status} {code}; try again later") from None
        except (aws.NoCredentialsError, aws.PartialCredentialsError):
            raise WorldError(refused(uri)) from None
        except (aws.IncompleteReadError, aws.ResponseStreamingError):
            raise WorldError(f"{uri}: the answer ended before its length; try again") from None
        except (aws.ConnectionError, aws.HTTPClientError):
            raise WorldError(unreachable(uri)) from None
        except aws.BotoCoreError as error:
            raise WorldError(f"{uri}: {error}") from None


@functools.cache
def s3_client() -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        request_checksum_calculation="when_required",  # the default is refused by older S3-compatible stores
        s3={"addressing_style": "path" if s3_endpoint() else "auto"},
    )
    return boto3.Session().client(
        "s3", config=config
    )  # the default session keeps its first credentials for ever


def s3_endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def nothing_at(uri: str) -> str:
    return f"{uri}: there is nothing here; check the URI"


def refused(uri: str) -> str:
    return f"{uri}: the store refused these credentials; check AWS_ACCESS_KEY_ID and its rights, or the role"


def unreachable(uri: str) -> str:
    return f"{uri}: cannot reach {s3_endpoint() or 'AWS'}; check AWS_ENDPOINT_URL and the network"
