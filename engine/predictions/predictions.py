"""Predictions as they are kept, by batch: files that never change, and a manifest of those that count.

A batch is called by its date: a day's rows, or those of another input, whose hash is added.

<uri>/<model>/<batch>/files/<what>-<shard>-<hash>.parquet   predictions, and rows that were rejected
<uri>/<model>/<batch>/runs/<run>/<shard>.json               what a run left of each shard
<uri>/<model>/<batch>/manifest.json                         written last: what it does not name is not there
"""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from engine.command_line import WorldError
from engine.documents.documents import Documents
from engine.documents.manifest import Manifest, PredictedShard, StoredFile
from engine.stores.compare_and_swap import swapped
from engine.stores.storage import NotFound, list_names

MANIFEST = "manifest.json"
OUTSIDE = ("created", "run")  # when and by which run the same predictions were made
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def batch_of(as_of: str, input_uri: str = "") -> str:
    """What the batch is called that predicts the rows of `as_of`, or all of `input_uri`."""
    return f"{as_of}-{hashlib.sha256(input_uri.encode()).hexdigest()[:8]}" if input_uri else as_of


class Predictions:
    """The predictions of the model `name` below the file:// or s3:// folder `uri`."""

    def __init__(self, uri: str, name: str):
        self.uri = f"{uri.rstrip('/')}/{name}"

    def days(self) -> list[str]:
        """Each day whose rows were predicted, in order; other inputs are no days."""
        parts = (name.split("/") for name in list_names(self.uri))
        return sorted(batch for batch, *below in parts if below == [MANIFEST] and DAY.fullmatch(batch))

    def end(self) -> date | None:
        """The last day whose rows were predicted; None if none were."""
        newest = next(reversed(self.days()), None)
        manifest = self.manifest(newest) if newest else None
        return datetime.fromisoformat(manifest["end"]).date() - timedelta(1) if manifest else None

    def manifest(self, batch: str) -> Manifest | None:
        """What was predicted for `batch`; None if nothing was."""
        return self._manifest(batch)[0]

    def uri_of(self, batch: str, file: str) -> str:
        """Where a file that the manifest names is."""
        return f"{self.uri}/{batch}/{file}"

    def keep(self, batch: str, what: str, shard: str, path: Path, rows: int) -> StoredFile:
        """Keep the file at `path`, and tell how the manifest names it; the same again changes nothing."""
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        file = f"files/{what}-{shard}-{sha256[:16]}.parquet"
        self._documents(batch).store.write(file, content)
        return {"file": file, "shard": shard, "rows": rows, "sha256": sha256}

    def check(self, batch: str, kept: StoredFile) -> None:
        """Fail if the file that `keep` described has changed."""
        content, _ = self._documents(batch).store.read(kept["file"])
        if (actual := hashlib.sha256(content).hexdigest()) != kept["sha256"]:
            uri = self.uri_of(batch, kept["file"])
            raise WorldError(f"{uri}: expected the SHA-256 {kept['sha256']}, found {actual}; run again")

    def note(self, batch: str, run: str, shard: str, document: PredictedShard) -> None:
        """What `run` left of a shard; a task that is tried again says so again."""
        documents = self._documents(batch)
        key = f"runs/{run}/{shard}.json"

        def attempt() -> None:
            tag = None
            with suppress(NotFound):
                noted, tag = documents.read(key, PredictedShard)
                if _essence(noted) == _essence(document):  # written by this call, whose answer did not arrive
                    return
            documents.swap(key, document, tag)

        swapped(attempt, self.uri_of(batch, key))

    def noted(self, batch: str, run: str, shard: str) -> PredictedShard:
        """What `run` left of a shard. NotFound if it left nothing."""
        return self._documents(batch).read(f"runs/{run}/{shard}.json", PredictedShard)[0]

    def publish(self, batch: str, manifest: Manifest) -> Manifest:
        """Replace the manifest at once if it differs; return the manifest that then counts."""

        def attempt() -> Manifest:
            current, tag = self._manifest(batch)
            if current and _essence(current) == _essence(manifest):
                return current
            self._documents(batch).swap(MANIFEST, manifest, tag)
            return manifest

        return swapped(attempt, self.uri_of(batch, MANIFEST))

    def _manifest(self, batch: str) -> tuple[Manifest | None, str | None]:
        try:
            return self._documents(batch).read(MANIFEST, Manifest)
        except NotFound:
            return None, None

    def _documents(self, batch: str) -> Documents:
        return Documents(f"{self.uri}/{batch}")


def _essence(document: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if name not in ("schema_version", *OUTSIDE)}
