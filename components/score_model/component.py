"""Interfaces of the scoring: for the gate, and of a batch in production."""

from kfp import dsl


@dsl.container_component
def score_model(
    model: dsl.Input[dsl.Model],
    feature_settings: str,
    features: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Dataset],
):
    return dsl.ContainerSpec(
        image="score_model",
        command=["python", "-m", "components.score_model.main"],
        args=[
            "--model",
            model.path,
            "--feature-settings",
            feature_settings,
            "--features",
            features.path,
            "--predictions",
            predictions.path,
        ],
    )


@dsl.container_component
def predict_batch(
    model: dsl.Input[dsl.Model],
    model_version: str,
    feature_settings: str,
    features: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Dataset],
    rejects: dsl.Output[dsl.Dataset],
):
    return dsl.ContainerSpec(
        image="score_model",
        command=["python", "-m", "components.score_model.main"],
        args=[
            "--model",
            model.path,
            "--model-version",
            model_version,
            "--feature-settings",
            feature_settings,
            "--features",
            features.path,
            "--predictions",
            predictions.path,
            "--rejects",
            rejects.path,
        ],
    )
