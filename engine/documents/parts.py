"""What several documents have in common: a metric, rows, a window, a finding, the label."""

from typing import Literal, NotRequired, TypedDict

from engine.documents.changes import Changes
from engine.documents.keywords import Count, MetricName


class Provenance(TypedDict, total=False):
    """Where a document comes from: whatever its writer knows; another release may know more."""

    title: str
    model: str
    fingerprint: str
    as_of: str
    commit: str
    base: str
    changed: list[str]
    changes: Changes
    tables: str
    history: str
    candidate: dict[str, str]
    control: dict[str, str]
    judges: dict[str, str]
    counts_after_the_merge: list[str]
    redefines: list[str]


class Stored(TypedDict):
    """A document of a store, which is written with its schema version."""

    schema_version: NotRequired[Literal[1]]


class Metric(TypedDict):
    """The metric that is judged by."""

    name: MetricName
    title: str
    direction: Literal["higher is better", "lower is better"]


class Window(TypedDict):
    """The first moment and the first one after the end, in ISO 8601; null if the snapshot has none."""

    start: str | None
    end: str | None


class UsedRows(TypedDict):
    """`n` rows in `clusters` clusters, which are days or the values of the column `cluster`."""

    n: Count
    clusters: Count
    cluster: str
    start: str
    end: str
    data_sha256: str | None


class Finding(TypedDict):
    """What a check of the data found, in words; `rows` counts the rows that it is about."""

    message: str
    check: NotRequired[str]
    where: NotRequired[str]
    column: NotRequired[str | None]
    rows: NotRequired[Count]


class Findings(TypedDict):
    """What validate_data writes: findings refuse the data, warnings do not."""

    findings: NotRequired[list[Finding]]
    warnings: NotRequired[list[Finding]]
