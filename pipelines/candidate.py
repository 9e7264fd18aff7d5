"""Candidate: a change's own code makes its features, model and predictions, in a place without judges."""

from kfp import dsl

from components.hand_over.component import send_candidate, send_features, take_rows
from pipelines.lib.model_tasks import ModelTasks, Rows


@dsl.pipeline(name="candidate", description=__doc__)
def candidate(
    rows_uri: str,
    handover_uri: str,
    candidate_feature_settings: str,
    candidate_training_settings: str,
    candidate_build_features_image: str,
    candidate_train_model_image: str,
    candidate_score_model_image: str,
) -> None:
    tasks = ModelTasks(
        "candidate",
        candidate_feature_settings,
        candidate_build_features_image,
        candidate_score_model_image,
        candidate_training_settings,
        candidate_train_model_image,
    )
    rows = take_rows(uri=rows_uri)
    training = tasks.labelled_features("training", Rows(rows.outputs["training"], rows.outputs["outcomes"]))
    evaluation = tasks.features("evaluation", rows.outputs["evaluation"])
    features = {"training": training.outputs["features"], "evaluation": evaluation.outputs["features"]}
    # Features that no model can be trained on are judged too: the reason is for the judge to say.
    sent = send_features(**features, uri=handover_uri)
    trained = tasks.train(training).after(sent)
    send_candidate(
        **features,
        predictions=tasks.score(trained, evaluation).outputs["predictions"],
        record=trained.outputs["record"],
        model=trained.outputs["model"],
        uri=handover_uri,
    )
