"""Two stores that keep the same promises: a folder, and a bucket of S3."""

import fcntl
import hashlib
import os
import uuid
from contextlib import suppress
from pathlib import Path

from engine.stores.errors import NotFound, another_first, nothing_at
from engine.stores.s3 import s3_client
from engine.stores.s3_errors import clear_s3_errors


class FileStore:
    """A folder. A write appears whole or not at all, and is on the disk when it returns."""

    def __init__(self, root: Path):
        self.root = root

    def read(self, key: str) -> tuple[bytes, str]:
        """The bytes at `key`, and the tag by which `swap` knows them again."""
        try:
            data = (self.root / key).read_bytes()
        except FileNotFoundError:
            raise nothing_at(f"file://{self.root / key}") from None
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
                raise another_first(f"file://{self.root / key}")
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
        with clear_s3_errors(self._uri(key)):
            answer = s3_client().get_object(Bucket=self.bucket, Key=self._path(key))
            return answer["Body"].read(), answer["ETag"]

    def write(self, key: str, data: bytes) -> None:
        with clear_s3_errors(self._uri(key)):
            s3_client().put_object(Bucket=self.bucket, Key=self._path(key), Body=data)

    def swap(self, key: str, data: bytes, tag: str | None) -> None:
        """Write if the object at `key` still has `tag` (None: there is no object); LostRace otherwise."""
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            with clear_s3_errors(self._uri(key)):
                s3_client().put_object(Bucket=self.bucket, Key=self._path(key), Body=data, **condition)
        except NotFound:  # some stores' answer to If-Match if the object is gone
            raise another_first(self._uri(key)) from None

    def names(self) -> list[str]:
        folder = f"{self.prefix}/" if self.prefix else ""
        with clear_s3_errors(self._uri("")):
            pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=folder)
            keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return sorted(key.removeprefix(folder) for key in keys)

    def require(self) -> None:
        """Fail if there is no such bucket: a place that is missing is not an empty one."""
        with clear_s3_errors(self._uri("")):
            s3_client().head_bucket(Bucket=self.bucket)

    def require_readable(self) -> None:
        """Fail by what keeps this process from listing and reading here; what is not there is no failure."""
        with clear_s3_errors(self._uri("")):
            s3_client().list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
        if self.prefix:
            with suppress(NotFound), clear_s3_errors(self._uri("")):
                s3_client().get_object(Bucket=self.bucket, Key=self.prefix)["Body"].close()

    def _path(self, key: str) -> str:
        return f"{self.prefix}/{key}".strip("/")

    def _uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._path(key)}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
