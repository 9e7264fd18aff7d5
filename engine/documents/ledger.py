"""The documents that move: the champion pointer, the ledger's entries, and the monitor's state."""

from typing import Literal, NotRequired, TypedDict

from engine.documents.keywords import Count, Metrics
from engine.documents.monitor_decision import Reason
from engine.documents.parts import Stored
from engine.documents.version import VerdictSummary

MoveKind = Literal["promote", "rollback"]


class Pointer(Stored):
    """The version in production and its ledger entry; empty and 0 before the first move."""

    version: str
    sequence: Count
    ledger: str


class Judged(TypedDict):
    """Why a version is the champion: its metrics, the verdict's summary, and a rollback's reason."""

    metrics: Metrics
    verdict: VerdictSummary
    reason: NotRequired[str]


class Move(Pointer, Judged):
    """A ledger entry: a move of the champion, with the version and the entry (its key) before it."""

    move: MoveKind
    at: str
    previous: str
    before: str


class Acceptance(Stored):
    """A ledger entry that is no move: who accepted what the gate refused of a commit."""

    commit: str
    by: str
    reason: str
    pull_request: int
    at: str


class Alarm(TypedDict):
    """An alarm that the monitor raised; `started` once a training was started for it."""

    key: str
    version: str
    window_end: str
    reasons: list[Reason]
    as_of: str
    decided_by: str
    started: NotRequired[bool]


class MonitorState(Stored):
    """The newest day that was decided for, alarms oldest first, and days without a reason."""

    as_of: str
    alarms: list[Alarm]
    recovered: dict[str, str]


NOTHING_DECIDED: MonitorState = {"as_of": "", "alarms": [], "recovered": {}}
