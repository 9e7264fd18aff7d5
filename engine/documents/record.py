"""The training record: what train_model writes down about the model that it made."""

from typing import NotRequired, TypedDict

from engine.command_line.component_settings import Label
from engine.documents.keywords import Count
from engine.documents.parts import Window


class Constants(TypedDict):
    """Mean, median and quantiles of the training labels: the best constant predictions, by metric.

    Quantiles are those of a number, by their level.
    """

    mean: float
    median: float
    quantiles: NotRequired[dict[str, float]]


class TrainedLabel(Label, Constants):
    """The label with what it is on the training rows."""


class Importance(TypedDict):
    """How much the squared error of the newest training rows rises if a feature is shuffled, summed by day.

    `rows` counts the rows of each day, in order of time; `rise` has the sums by feature.
    """

    rows: list[Count]
    rise: dict[str, list[float]]


class TrainingRecord(TypedDict):
    """How a model came to be: its estimator, the rows, the libraries by version, and the hashes of its files.

    `golden_sha256` is missing if the model has no golden requests; `thresholds` has one for each metric that
    needs a decision, and that the settings name.
    """

    estimator: str
    parameters: dict[str, object]
    seed: int
    categories: str
    features: list[str]
    label: TrainedLabel
    rows: Count
    training_window: Window
    data_sha256: str | None
    libraries: dict[str, str]
    model_sha256: str
    model_bytes: Count
    sketches_sha256: NotRequired[str]
    golden_sha256: NotRequired[str]
    thresholds: NotRequired[dict[str, float]]
    importance: NotRequired[Importance]
