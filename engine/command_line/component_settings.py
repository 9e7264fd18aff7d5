"""What mlops.yaml gives to components as JSON: the settings of features and of training."""

from typing import Any, Literal, NotRequired, TypedDict


def history_of(rows: str) -> str:
    """The name of the table that has the earlier rows of the table `rows`, with their outcomes."""
    return f"{rows}_history"


class Label(TypedDict):
    """The column that is predicted; `positive` is the positive one of two texts."""

    name: str
    type: Literal["binary", "number", "count"]
    positive: NotRequired[str]


class Column(TypedDict):
    """A feature's column: at which moment it is known, and between which numbers it lies."""

    type: Literal["number", "category"]
    known: NotRequired[str]
    required: NotRequired[bool]
    min: NotRequired[float]
    max: NotRequired[float]


class FeatureSettings(TypedDict):
    """The columns that the model's features are made of, as mlops.yaml had them."""

    rows: str
    key: str
    time: str
    label: Label
    columns: dict[str, Column]
    moments: NotRequired[list[str]]
    predict_at: NotRequired[str]
    hidden: NotRequired[dict[str, list[str]]]
    shown: NotRequired[dict[str, list[str]]]


class TrainingSettings(TypedDict):
    """The estimator by its dotted name, its parameters and seed, and how it gets categories.

    `thresholds` names the metrics that need one.
    """

    estimator: str
    parameters: dict[str, Any]
    categories: Literal["ordinal", "one-hot"]
    seed: int
    thresholds: NotRequired[list[str]]
