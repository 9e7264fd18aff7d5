"""Where the model registry keeps what, and what of a verdict it keeps.

<uri>/models/<name>/versions/<digest>/model/model.joblib
<uri>/models/<name>/versions/<digest>/sketches.json.gz    of its training rows, where it was made with any
<uri>/models/<name>/versions/<digest>/golden.json         rows and its answers, where it was made with any
<uri>/models/<name>/versions/<digest>/metadata.json       written last: it makes the version exist
<uri>/models/<name>/ledger/<sequence>-<id>.json           a move; counts once champion.json leads to it
<uri>/models/<name>/ledger/accepted-<commit>.json         no move: somebody accepted what the gate refused
<uri>/models/<name>/champion.json                         {"version", "sequence", "ledger"}
<uri>/models/<name>/monitor.json                          what the monitor has decided so far
"""

import gzip
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.command_line import SettingsError
from engine.documents.documents import Document

MODEL_FILE = "model.joblib"
SKETCHES_FILE = "sketches.json.gz"
GOLDEN_FILE = "golden.json"
COMPANIONS = {"sketches_sha256": SKETCHES_FILE, "golden_sha256": GOLDEN_FILE}
POINTER = "champion.json"
MONITOR = "monitor.json"
VERSION = re.compile(r"[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}")


def described(model: bytes, record: Document, metadata: Document) -> Document:
    """What a version is, however it was judged."""
    sha256 = hashlib.sha256(model).hexdigest()
    if not {"build_features", "score_model"} <= set(metadata.get("images", {})):
        raise SettingsError(f"expected metadata with images build_features and score_model, found {metadata}")
    if record.get("model_sha256") != sha256:
        raise SettingsError(f"the record is about the model {record.get('model_sha256')}, not {sha256}")
    facts = {"record": record, "model_sha256": sha256, "model_bytes": len(model)}
    return metadata | {"schema_version": 1} | facts


def metrics_of(verdict: Document, model_sha256: str) -> dict[str, Any]:
    """The metrics of the candidate that `verdict` is about, which must be this model."""
    try:
        candidate = verdict["models"]["candidate"]
        judged: str = candidate["model_sha256"]
        metrics: dict[str, Any] = candidate["metrics"]
    except (KeyError, TypeError):
        raise SettingsError("expected a verdict with models.candidate.model_sha256, found none") from None
    if judged != model_sha256:
        raise SettingsError(f"the verdict is about the model {judged}, not {model_sha256}")
    return metrics


def summary_of(verdict: Document) -> Document:
    summary = {name: verdict.get(name) for name in ("verdict", "passed", "reason", "as_of", "rows")}
    return summary | {"standard_error": verdict["models"]["candidate"].get("standard_error")}


def metadata_key(version: str) -> str:
    if not VERSION.fullmatch(version):
        raise SettingsError(f"expected a model's version, 64 hexadecimal digits, found {version!r}")
    return f"versions/{version}/metadata.json"


def model_key(version: str) -> str:
    return f"versions/{version}/model/{MODEL_FILE}"


def companion_key(version: str, name: str) -> str:
    return f"versions/{version}/{name}"


def companions(folder: Path, record: Document) -> dict[str, bytes]:
    """What stands beside the model in `folder` and has its hash in `record`, by file name."""
    found = {}
    for field, name in COMPANIONS.items():
        if expected := record.get(field):
            found[name] = (folder / name).read_bytes()
            if content_sha256(name, found[name]) != expected:
                raise SettingsError(
                    f"the record is about {name} of the SHA-256 {expected}, not of these bytes"
                )
    return found


def acceptance_key(commit: str) -> str:
    if not COMMIT.fullmatch(commit):
        raise SettingsError(f"expected a commit, 40 hexadecimal digits, found {commit!r}")
    return f"ledger/accepted-{commit}.json"


def content_sha256(name: str, content: bytes) -> str:
    """Of a companion; where it is compressed, of what is inside, for compressors differ."""
    try:
        content = gzip.decompress(content) if name.endswith(".gz") else content
    except (EOFError, OSError):
        return "of nothing that gzip knows"
    return hashlib.sha256(content).hexdigest()


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
