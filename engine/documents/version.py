"""The version document, metadata.json: a model of the model registry, and how it was judged."""

from typing import Literal, NotRequired, TypedDict

from engine.command_line.component_settings import FeatureSettings
from engine.documents.keywords import Count, Metrics
from engine.documents.parts import UsedRows
from engine.documents.record import TrainingRecord
from engine.documents.verdict import Outcome


class Images(TypedDict):
    """References of the images that the model was born in, and of the one that serves it."""

    build_features: str
    score_model: str
    train_model: NotRequired[str]
    serve_model: NotRequired[str]


class VerdictSummary(TypedDict):
    """What a version and a ledger entry keep of the verdict."""

    verdict: Outcome
    passed: bool
    reason: str
    as_of: str | None
    rows: UsedRows | None
    standard_error: float | None
    degrees_of_freedom: NotRequired[float | None]


class Metadata(TypedDict):
    """The code that a model was born with: the commit, the images, and the settings of its features."""

    code_sha: str
    images: Images
    feature_settings: FeatureSettings


class VersionFacts(Metadata):
    """What a version is, however it was judged: the part that its digest is of."""

    schema_version: Literal[1]
    record: TrainingRecord
    model_sha256: str
    model_bytes: Count


class StoredVersion(VersionFacts):
    """A version as it is stored; metrics and verdict are those that it was registered with."""

    created: str
    metrics: Metrics
    verdict: VerdictSummary


class Version(StoredVersion):
    """A version with its digest, which its folder is called by."""

    version: str


class Resolved(TypedDict):
    """What model_registry resolves: a version, or null if there is no champion."""

    version: str | None
