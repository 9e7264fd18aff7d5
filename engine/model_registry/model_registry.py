"""The model registry: versions that never change, and a champion that moves by compare-and-swap.

Each ledger entry names the one before it, so replacing champion.json commits the move and its entry at
once: a process killed before that has moved nothing, and one killed after it has moved everything.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

from engine.command_line import Finding, SettingsError, WorldError
from engine.documents.documents import Documents, digest
from engine.documents.golden import GoldenRequests
from engine.documents.ledger import NOTHING_DECIDED, Acceptance, Judged, MonitorState, Move, MoveKind, Pointer
from engine.documents.record import TrainingRecord
from engine.documents.verdict import Verdict
from engine.documents.version import Metadata, StoredVersion, Version
from engine.model_registry.layout import (
    GOLDEN_FILE,
    MODEL_FILE,
    MONITOR,
    POINTER,
    SKETCHES_FILE,
    VERSION,
    acceptance_key,
    acceptance_of,
    companion_key,
    companions,
    content_sha256,
    described,
    golden_of,
    metadata_key,
    metrics_of,
    model_key,
    move_of,
    stored,
    summary_of,
)
from engine.model_registry.lost_pointer import present_pointer
from engine.stores.storage import LostRace, NotFound

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
OUTSIDE_DIGEST = ("version", "created", "metrics", "verdict")  # how it was judged, not what it is
NO_CHAMPION: Pointer = {"version": "", "sequence": 0, "ledger": ""}


class PromotionLost(Finding):
    """The champion is not the one that the mover had seen."""


class ModelRegistry:
    """The versions and the champion of the model `name`, below the file:// or s3:// folder `uri`."""

    def __init__(self, uri: str, name: str):
        if not NAME.fullmatch(name):
            raise SettingsError(f"expected a model name of a-z, 0-9 and -, at most 63 long, found {name!r}")
        self.name, self.uri = name, uri
        self.documents = Documents(f"{uri.rstrip('/')}/models/{name}")
        self.store = self.documents.store

    def champion(self) -> Version | None:
        """The version document in production; None only if nothing was ever promoted."""
        pointer = present_pointer(self.documents, self._pointer)
        return self.version(pointer["version"]) if pointer["version"] else None

    def version(self, version: str) -> Version:
        """The version document, checked against its digest. NotFound if there is none."""
        key = metadata_key(version)
        try:
            document, _ = self.documents.read(key, StoredVersion)
        except NotFound:
            self.store.require()
            raise NotFound(f"{self.documents.uri}: there is no version {version}") from None
        if digest(document, *OUTSIDE_DIGEST) != version:
            raise WorldError(
                f"{self.documents.uri}/{key}: was changed since it was registered; do not use it"
            )
        return {**document, "version": version}

    def versions(self) -> Iterator[Version]:
        """Every version document, champions or not; none if there is nothing yet."""
        self.store.require()
        for key in self.store.names():
            match key.split("/"):
                case ["versions", version, "metadata.json"]:
                    yield self.version(version)

    def fetch(self, version: str, folder: Path) -> Version:
        """Put the model into `folder`, once its bytes are known to be those registered, with its sketches."""
        document = self.version(version)
        model = self._model(document)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODEL_FILE).write_bytes(model)
        if expected := document["record"].get("sketches_sha256"):
            (folder / SKETCHES_FILE).write_bytes(self._companion(version, SKETCHES_FILE, expected))
        return document

    def golden(self, version: str) -> GoldenRequests:
        """{"request", "expected"}: a request to the model's server, and the outputs that it must answer."""
        expected = self.version(version)["record"].get("golden_sha256")
        if not expected:
            raise SettingsError(f"{self.name}: version {version} has no golden requests; train it again")
        return golden_of(self._companion(version, GOLDEN_FILE, expected), version)

    def model_uri(self, version: str) -> str:
        """The folder that holds the model and nothing else; its slash keeps servers from its neighbors."""
        return f"{self.documents.uri}/{model_key(version).rpartition('/')[0]}/"

    def register(self, folder: Path, record: TrainingRecord, verdict: Verdict, metadata: Metadata) -> str:
        """Keep the model in `folder` as a version, and return the version; again changes nothing."""
        model = (folder / MODEL_FILE).read_bytes()
        document, beside = described(model, record, metadata), companions(folder, record)
        metrics_of(verdict, document["model_sha256"])  # a verdict on another model registers nothing
        version = digest(document, *OUTSIDE_DIGEST)
        try:
            self.version(version)
        except NotFound:
            self.store.write(model_key(version), model)
            for name, content in beside.items():
                self.store.write(companion_key(version, name), content)
            self.documents.create(metadata_key(version), stored(document, verdict))
        return version

    def promote(self, version: str, expected: str, verdict: Verdict) -> Move:
        """Make `version` the champion if `verdict` passed it and the champion still is `expected` ("": none).

        Returns the ledger entry; asked again for the same, that of the move which was made. PromotionLost
        if the champion is another by now.
        """
        document = self.version(version)
        if verdict["passed"] is not True:
            raise Finding(f"the verdict is {verdict['verdict']}; only one that passed promotes")
        metrics = metrics_of(verdict, document["model_sha256"])
        champion = verdict["models"].get("champion")
        other = (champion and champion["version"]) or ""
        if other != expected:
            raise SettingsError(f"the verdict is against {other or 'no champion'}, not {expected or 'none'}")
        judged: Judged = {"metrics": metrics, "verdict": summary_of(verdict)}
        try:
            pointer, tag = self._pointer()
            if pointer["version"] not in (expected, version):
                raise self._lost(pointer["version"], f"the gate saw {expected or 'none'}")
            if pointer["version"] != version:
                return self._move("promote", document, judged, pointer, tag)
        except PromotionLost:
            pointer, _ = self._pointer()
            if pointer["version"] != version:
                raise
        return next(self._moves(pointer))

    def rollback(self, to: str = "", reason: str = "", expected: str | None = None) -> Move:
        """Make a former champion the champion again: `to`, else the one before. Returns the ledger entry;
        PromotionLost if `expected` is given and is not the champion."""
        pointer, tag = self._pointer()
        if expected not in (None, pointer["version"]):
            raise self._lost(pointer["version"], f"{expected or 'none'} was expected")
        document = self.version(self.former(to))
        judged: Judged = {"metrics": document["metrics"], "verdict": document["verdict"], "reason": reason}
        return self._move("rollback", document, judged, pointer, tag)

    def former(self, to: str = "") -> str:
        """The former champion `to`, else the one before: where a rollback goes to."""
        moves = list(self._moves(self._pointer()[0]))
        current = moves[0]["version"] if moves else ""
        promotions = (move for move in moves if move["move"] == "promote" and move["version"] == current)
        to = to or next((move["previous"] for move in promotions), "")
        if to in ("", current) or to not in {move["version"] for move in moves}:
            raise SettingsError(
                f"{self.name}: expected a former champion to go back to, found {to or 'none'}"
            )
        return to

    def history(self, limit: int = 100) -> list[Move]:
        """The newest `limit` moves, oldest first."""
        pointer, _ = self._pointer()
        return list(islice(self._moves(pointer), limit))[::-1]

    def accept(self, commit: str, by: str, reason: str, pull_request: int) -> Acceptance:
        """Keep who accepted what the gate refused of `commit`. What was kept first stays, and is returned."""
        key = acceptance_key(commit)
        self.documents.create(key, acceptance_of(commit, by, reason, pull_request))
        return self.documents.read(key, Acceptance)[0]

    def monitored(self) -> tuple[MonitorState, str | None]:
        """What the monitor has decided so far, and the tag for `keep_monitored`."""
        try:
            return self.documents.read(MONITOR, MonitorState)
        except NotFound:
            self.store.require()
            return NOTHING_DECIDED, None

    def keep_monitored(self, state: MonitorState, tag: str | None) -> None:
        """Replace what was read with `tag`; LostRace if another monitor decided since."""
        self.documents.swap(MONITOR, state, tag)

    def _pointer(self) -> tuple[Pointer, str | None]:
        try:
            pointer, tag = self.documents.read(POINTER, Pointer)
        except NotFound:
            self.store.require()
            return NO_CHAMPION, None
        if not VERSION.fullmatch(pointer["version"]):
            raise WorldError(f"{self.documents.uri}/{POINTER}: expected a version's digest, found {pointer}")
        return pointer, tag

    def _moves(self, pointer: Pointer) -> Iterator[Move]:
        """The moves that led to `pointer`, newest first."""
        key = pointer["ledger"]
        while key:
            move, _ = self.documents.read(key, Move)
            yield {**move, "ledger": key}
            key = move["before"]

    def _move(
        self, kind: MoveKind, document: Version, judged: Judged, pointer: Pointer, tag: str | None
    ) -> Move:
        self._model(document)  # production never points at bytes that cannot be used
        new, entry = move_of(kind, document["version"], judged, pointer)
        key, sequence = new["ledger"], new["sequence"]
        self.documents.create(key, entry)
        try:
            self.documents.swap(POINTER, new, tag)
        except LostRace:
            # An answer that got lost on its way, and was asked for again, looks like a lost race.
            now, _ = self._pointer()
            since = takewhile(lambda other: other["sequence"] >= sequence, self._moves(now))
            if key not in [other["ledger"] for other in since]:
                raise self._lost(now["version"], "another move was faster") from None
        return entry

    def _model(self, document: Version) -> bytes:
        key = model_key(document["version"])
        model, _ = self.store.read(key)
        actual = hashlib.sha256(model).hexdigest()
        if actual != document["model_sha256"]:
            expected = document["model_sha256"]
            raise WorldError(f"{self.documents.uri}/{key}: expected the SHA-256 {expected}, found {actual}")
        return model

    def _companion(self, version: str, name: str, expected: str) -> bytes:
        key = companion_key(version, name)
        content, _ = self.store.read(key)
        if content_sha256(name, content) != expected:
            raise WorldError(f"{self.documents.uri}/{key}: expected a file of the SHA-256 {expected}")
        return content

    def _lost(self, champion: str, why: str) -> PromotionLost:
        return PromotionLost(f"{self.name}: the champion is {champion or 'none'}, and {why}; gate again")
