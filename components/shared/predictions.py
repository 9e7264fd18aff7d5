"""Predictions as they are kept: files that never change, and a manifest of those that count.

<uri>/<model>/<as_of>/files/<what>-<shard>-<hash>.parquet   predictions, and rows that were rejected
<uri>/<model>/<as_of>/runs/<run>/<shard>.json               what a run left of each shard
<uri>/<model>/<as_of>/manifest.json                         written last: what it does not name is not there
"""

import hashlib
from pathlib import Path
from typing import Any

from components.shared.command_line import WorldError
from components.shared.documents import Document, Documents
from components.shared.storage import LostRace, NotFound, list_names

MANIFEST = "manifest.json"
OUTSIDE = ("created", "run")  # when and by which run the same predictions were made
ATTEMPTS = 5


class Predictions:
    """The predictions of the model `name` below the file:// or s3:// folder `uri`."""

    def __init__(self, uri: str, name: str):
        self.uri = f"{uri.rstrip('/')}/{name}"

    def days(self) -> list[str]:
        """Each as_of that has predictions, in order."""
        parts = (name.split("/") for name in list_names(self.uri))
        return sorted(day for day, *below in parts if below == [MANIFEST])

    def manifest(self, as_of: str) -> Document | None:
        """What was predicted for `as_of`; None where nothing was."""
        return self._manifest(as_of)[0]

    def uri_of(self, as_of: str, file: str) -> str:
        """Where a file that the manifest names is."""
        return f"{self.uri}/{as_of}/{file}"

    def keep(self, as_of: str, what: str, shard: str, path: Path, rows: int) -> dict[str, Any]:
        """Keep the file at `path`, and tell how the manifest names it; the same again changes nothing."""
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        file = f"files/{what}-{shard}-{sha256[:16]}.parquet"
        self._documents(as_of).store.write(file, content)
        return {"file": file, "shard": shard, "rows": rows, "sha256": sha256}

    def check(self, as_of: str, kept: dict[str, Any]) -> None:
        """Fail where the file that `keep` told of is not what it was."""
        content, _ = self._documents(as_of).store.read(kept["file"])
        if (found := hashlib.sha256(content).hexdigest()) != kept["sha256"]:
            uri = self.uri_of(as_of, kept["file"])
            raise WorldError(f"{uri}: expected the SHA-256 {kept['sha256']}, found {found}; run again")

    def note(self, as_of: str, run: str, shard: str, document: Document) -> None:
        """What `run` left of a shard; a task that is tried again says so again."""
        documents = self._documents(as_of)
        key = f"runs/{run}/{shard}.json"
        try:
            _, tag = documents.read(key)
        except NotFound:
            tag = None
        documents.swap(key, document, tag)

    def noted(self, as_of: str, run: str, shard: str) -> Document:
        """What `run` left of a shard. NotFound where it left nothing."""
        fields = ("model_version", "data_sha256", "predictions", "rejects", "reasons")
        return self._documents(as_of).read(f"runs/{run}/{shard}.json", *fields)[0]

    def publish(self, as_of: str, manifest: Document) -> Document:
        """Replace the manifest at once, where it says anything else; the manifest that then counts."""
        for _ in range(ATTEMPTS):
            current, tag = self._manifest(as_of)
            if current and _essence(current) == _essence(manifest):
                return current
            try:
                self._documents(as_of).swap(MANIFEST, manifest, tag)
            except LostRace:  # to another run for the same day
                continue
            return manifest
        raise WorldError(f"{self.uri_of(as_of, MANIFEST)}: others keep replacing it; run again")

    def _manifest(self, as_of: str) -> tuple[Document | None, str | None]:
        try:
            return self._documents(as_of).read(MANIFEST, "model_version", "rows", "predictions", "rejects")
        except NotFound:
            return None, None

    def _documents(self, as_of: str) -> Documents:
        return Documents(f"{self.uri}/{as_of}")


def _essence(manifest: Document) -> Document:
    return {name: value for name, value in manifest.items() if name not in ("schema_version", *OUTSIDE)}
