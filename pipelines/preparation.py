"""Preparation: the rows that a candidate gets, evaluation's outcomes hidden, for a place of its own."""

from kfp import dsl

from components.hand_over.component import send_rows
from pipelines.lib.model_tasks import ModelTasks, load_rows


@dsl.pipeline(name="preparation", description=__doc__)
def preparation(
    as_of: str,
    data_settings: str,
    rows_uri: str,
    control_feature_settings: str,
    control_build_features_image: str,
) -> None:
    tasks = ModelTasks("control", control_feature_settings, control_build_features_image, "")
    training = tasks.hide_outcomes("training", load_rows(data_settings, "training", as_of))
    evaluation = tasks.hide_outcomes("evaluation", load_rows(data_settings, "evaluation", as_of))
    send_rows(training=training.known, outcomes=training.outcomes, evaluation=evaluation.known, uri=rows_uri)
