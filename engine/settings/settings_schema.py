"""The schema of mlops.yaml: what a user may write there, and the JSON strings that components get of it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from engine.settings.data_schema import Data
from engine.settings.schedules_schema import Schedules
from engine.settings.serving_schema import Serving
from engine.settings.settings_types import (
    Count,
    DottedPath,
    Lead,
    ModelName,
    Name,
    NotNegative,
    Omittable,
    Repository,
    Section,
)
from engine.settings.tasks_schema import Resources, Store, TaskSettings

Gate = Literal["pull_request", "update", "promotion"]
Mode = Literal["improve", "not-worse"]
History = Literal["window-start", "rolling"]


class Label(Section):
    name: Name
    type: Literal["binary", "number", "count"]
    positive: Omittable[str] = None
    """The positive one of a binary label's two texts."""
    matures_after_days: Annotated[int, Field(ge=0)]


class Windows(Section):
    training_days: Count
    evaluation_days: Count
    history: History = "window-start"
    """Until when outcomes are in the history of evaluation rows: rolling, until each row's day."""


class Column(Section):
    type: Literal["number", "category"]
    known: Name
    required: Omittable[bool] = None
    min: Omittable[float] = None
    max: Omittable[float] = None


class Features(Section):
    moments: Annotated[list[Name], Field(min_length=1)]
    predict_at: Name
    lead: Omittable[Lead] = None
    """How long before the hour of its time a row is predicted; absent: when the day of its time begins."""
    columns: Annotated[dict[Name, Column], Field(min_length=1)]


class Training(Section):
    estimator: DottedPath
    parameters: dict[str, JsonValue] = Field(default={})
    categories: Literal["ordinal", "one-hot"]
    seed: Annotated[int, Field(ge=0, lt=2**32)]


class Metric(Section):
    name: Name
    floor: float


class PullRequestReferences(Section):
    champion: Mode
    control: Mode


class PromotionReferences(Section):
    champion: Mode


class References(Section):
    pull_request: PullRequestReferences
    update: PullRequestReferences = PullRequestReferences(champion="not-worse", control="not-worse")
    """Of a pull request that changes locked libraries, base images or the seed alone."""
    promotion: PromotionReferences


class Slices(Section):
    columns: list[Name] = Field(default=[])
    minimum_rows: Count


class Drop(Section):
    margin: NotNegative


class Limit(Section):
    maximum: Count


class Guardrails(Section):
    """Each key but model_bytes is a metric's name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Drop] = Field(init=False)
    model_bytes: Omittable[Limit] = None


class Policies(Section):
    references: References
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    min_effect: NotNegative
    margin: NotNegative
    inconclusive: Literal["fail", "pass"]
    cluster: Name
    minimum_rows: Count
    minimum_clusters: Annotated[int, Field(ge=2)]
    slices: Slices
    guardrails: Guardrails = Guardrails()


class Inference(Section):
    days: Count = 1
    catch_up_days: Annotated[int, Field(ge=0)] = 31
    shard_rows: Count = 500_000
    parallelism: Count = 4
    maximum_rejected_share: Annotated[float, Field(ge=0, le=1)] = 0.01


class Monitoring(Section):
    """Defaults as measured by bench/bench_monitoring.py."""

    start: Literal["nested", "github", "none"] = "nested"
    trigger: Literal["drop", "shadow", "either"] = "either"
    window_days: Count = 14
    windows: Count = 2
    alarms: Count = 2
    minimum_rows: Count = 1000
    minimum_clusters: Annotated[int, Field(ge=2)] = 5
    cooldown_days: Annotated[int, Field(ge=0)] = 14
    maximum_age_days: Count = 182
    alarms_per_week: Count = 1


class Images(Section):
    repository: Omittable[Repository] = None
    pull_requests: Omittable[Repository] = None
    keep_days: Count = 14


class Settings(Section):
    model: ModelName
    data: Data
    label: Label
    windows: Windows
    features: Features
    training: Training
    metric: Metric
    policies: Policies
    inference: Inference = Inference()
    monitoring: Monitoring = Monitoring()
    serving: Omittable[Serving] = None
    schedules: Schedules = Schedules()
    images: Images = Images()
    resources: dict[Name, Resources] = Field(default={})
    store: Omittable[Store] = None

    def as_of(self) -> date:
        """The day that windows count back from; "today" is today's in UTC, as the cluster's schedules are."""
        return datetime.now(UTC).date() if isinstance(self.data.as_of, str) else self.data.as_of

    def data_settings(self, root: Path, monitored_days: int | None = None) -> str:
        """What load_data gets; a table's relative path is one below the project's `root`.

        With `monitored_days`, the window of that many days is of a model in production: its history rolls.
        """
        tables = {name: table.loaded() for name, table in self.data.tables.items()}
        for table in tables.values():
            if "://" not in table["uri"]:
                table["uri"] = (root.absolute() / table["uri"]).as_uri()
        return canonical_json(
            {
                "tables": tables,
                "rows": self.data.rows,
                **({"lead_hours": int(lead[:-1])} if (lead := self.features.lead) else {}),
                "label_matures_after_days": self.label.matures_after_days,
                "windows": self.windows.model_dump()
                | ({"evaluation_days": monitored_days, "history": "rolling"} if monitored_days else {}),
            }
        )

    def feature_settings(self) -> str:
        """What build_features, validate_data, train_model and score_model get."""
        moments = (self.features.moments, self.features.predict_at)
        hidden, shown = self.data.known_too_late(*moments), self.data.known_in_time(*moments)
        return canonical_json(
            {
                **({"hidden": hidden} if hidden else {}),
                **({"shown": shown} if shown else {}),
                "rows": self.data.rows,
                "key": self.data.key,
                "time": self.data.tables[self.data.rows].time,
                "label": self.label.model_dump(include={"name", "type", "positive"}, exclude_none=True),
                **self.features.model_dump(exclude={"lead"}, exclude_none=True),
            }
        )

    def training_settings(self) -> str:
        """What train_model gets beside the features."""
        from engine.metrics.known_metrics import known_metrics

        known, named = known_metrics(), {self.metric.name, *self.policies.guardrails.model_fields_set}
        deciding = sorted(name for name in named if name in known and known[name].decides)
        return canonical_json(self.training.model_dump() | ({"thresholds": deciding} if deciding else {}))

    def inference_settings(self) -> str:
        """What list_shards and publish_predictions get; parallelism is compiled into the pipeline."""
        return canonical_json(self.inference.model_dump(exclude={"parallelism"}))

    def serving_settings(self) -> str:
        """What deploy_model gets; "" if nothing is served."""
        return canonical_json(self.serving.written(self.model)) if self.serving else ""

    def tasks(self, on_cluster: bool) -> TaskSettings:
        """What is compiled into tasks; the store is declared for those on a cluster alone."""
        return TaskSettings(self.resources, self.store if on_cluster else None, on_cluster)

    def monitored_days(self) -> int:
        """How many of the newest mature days the monitor looks at."""
        return self.monitoring.windows * self.monitoring.window_days

    def monitoring_policy(self) -> str:
        """What monitor_model decides by."""
        policies = self.policies.model_dump(include={"confidence", "min_effect", "margin", "cluster"})
        return canonical_json(
            policies | {"metric": self.metric.name, "monitoring": self.monitoring.model_dump()}
        )

    def policy(self, gate: Gate) -> str:
        """What compare_models decides by at `gate`."""
        policies = self.policies.model_dump(exclude_none=True)
        metric = {"metric": self.metric.name, "floor": self.metric.floor}
        return canonical_json(policies | metric | {"references": policies["references"][gate]})


def canonical_json(value: object) -> str:
    """The one JSON text of `value`: what is equal has equal bytes, so that caches and hashes agree."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
