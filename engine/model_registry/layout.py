"""Where the model registry keeps what, and what of a verdict it keeps.

<uri>/models/<name>/versions/<digest>/model/model.joblib
<uri>/models/<name>/versions/<digest>/sketches.json.gz    of its training rows, if it was made with any
<uri>/models/<name>/versions/<digest>/golden.json         rows and its answers, if it was made with any
<uri>/models/<name>/versions/<digest>/metadata.json       written last: it makes the version exist
<uri>/models/<name>/contexts/<component>-<hash>.tar.gz    the files that an image is built from
<uri>/models/<name>/ledger/<sequence>-<id>.json           a move; counts once champion.json leads to it
<uri>/models/<name>/ledger/accepted-<commit>.json         no move: a person accepted what the gate refused
<uri>/models/<name>/champion.json                         {"version", "sequence", "ledger"}
<uri>/models/<name>/monitor.json                          what the monitor has decided so far
"""

import gzip
import hashlib
import json
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path

from engine.command_line import SettingsError, WorldError
from engine.command_line.typed_json import checked
from engine.documents.golden import GoldenRequests
from engine.documents.ledger import Acceptance, Judged, Move, MoveKind, Pointer
from engine.documents.record import TrainingRecord
from engine.documents.verdict import Verdict
from engine.documents.version import Metadata, StoredVersion, VerdictSummary, VersionFacts

MODEL_FILE = "model.joblib"
SKETCHES_FILE = "sketches.json.gz"
GOLDEN_FILE = "golden.json"
POINTER = "champion.json"
MONITOR = "monitor.json"
VERSION = re.compile(r"[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}")


def described(model: bytes, record: TrainingRecord, metadata: Metadata) -> VersionFacts:
    """What a version is, however it was judged."""
    sha256 = hashlib.sha256(model).hexdigest()
    try:
        checked(Metadata, metadata)
    except ValueError as error:
        raise SettingsError(f"the metadata is no version's: {error}") from None
    if record["model_sha256"] != sha256:
        raise SettingsError(f"the record is about the model {record['model_sha256']}, not {sha256}")
    return {
        **metadata,
        "schema_version": 1,
        "record": record,
        "model_sha256": sha256,
        "model_bytes": len(model),
    }


def metrics_of(verdict: Verdict, model_sha256: str) -> dict[str, float | None]:
    """The metrics of the candidate that `verdict` is about, which must be this model."""
    candidate = verdict["models"].get("candidate")
    judged = candidate and candidate["model_sha256"]
    if candidate is None or judged != model_sha256:
        raise SettingsError(f"the verdict is about the model {judged}, not {model_sha256}")
    return candidate["metrics"]


def summary_of(verdict: Verdict) -> VerdictSummary:
    return {
        "verdict": verdict["verdict"],
        "passed": verdict["passed"],
        "reason": verdict["reason"],
        "as_of": verdict["as_of"],
        "rows": verdict["rows"],
        "standard_error": verdict["models"]["candidate"].get("standard_error"),
        "degrees_of_freedom": verdict["models"]["candidate"].get("degrees_of_freedom"),
    }


def stored(version: VersionFacts, verdict: Verdict) -> StoredVersion:
    """The document of a version that is registered now, with how it was judged."""
    metrics = metrics_of(verdict, version["model_sha256"])
    return {**version, "metrics": metrics, "verdict": summary_of(verdict), "created": timestamp()}


def move_of(kind: MoveKind, version: str, judged: Judged, pointer: Pointer) -> tuple[Pointer, Move]:
    """The pointer that a move from `pointer` to `version` makes, and the move's entry."""
    sequence = pointer["sequence"] + 1
    key = f"ledger/{sequence:06}-{uuid.uuid4().hex}.json"
    new: Pointer = {"version": version, "sequence": sequence, "ledger": key}
    before, previous = pointer["ledger"], pointer["version"]
    return new, {**judged, **new, "previous": previous, "before": before, "move": kind, "at": timestamp()}


def acceptance_of(commit: str, by: str, reason: str, pull_request: int) -> Acceptance:
    return {"commit": commit, "by": by, "reason": reason, "pull_request": pull_request, "at": timestamp()}


def golden_of(content: bytes, version: str) -> GoldenRequests:
    try:
        return checked(GoldenRequests, json.loads(content))
    except ValueError as error:
        raise WorldError(
            f"version {version}: expected golden requests, found another document ({error}); train it again"
        ) from None


def metadata_key(version: str) -> str:
    if not VERSION.fullmatch(version):
        raise SettingsError(f"expected a model's version, 64 hexadecimal digits, found {version!r}")
    return f"versions/{version}/metadata.json"


def model_key(version: str) -> str:
    return f"versions/{version}/model/{MODEL_FILE}"


def companion_key(version: str, name: str) -> str:
    return f"versions/{version}/{name}"


def companions(folder: Path, record: TrainingRecord) -> dict[str, bytes]:
    """What stands beside the model in `folder` and has its hash in `record`, by file name."""
    contents = {}
    hashes = {SKETCHES_FILE: record.get("sketches_sha256"), GOLDEN_FILE: record.get("golden_sha256")}
    for name, expected in hashes.items():
        if expected:
            contents[name] = (folder / name).read_bytes()
            if content_sha256(name, contents[name]) != expected:
                raise SettingsError(
                    f"the record is about {name} of the SHA-256 {expected}, not of these bytes"
                )
    return contents


def acceptance_key(commit: str) -> str:
    if not COMMIT.fullmatch(commit):
        raise SettingsError(f"expected a commit, 40 hexadecimal digits, found {commit!r}")
    return f"ledger/accepted-{commit}.json"


def content_sha256(name: str, content: bytes) -> str:
    """Of a companion; of its uncompressed content if it is compressed, because compressors differ."""
    try:
        content = gzip.decompress(content) if name.endswith(".gz") else content
    except (EOFError, OSError):
        return "of nothing that gzip knows"
    return hashlib.sha256(content).hexdigest()


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
