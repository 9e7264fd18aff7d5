"""Interface of the training."""

from kfp import dsl


@dsl.container_component
def train_model(
    training_settings: str,
    feature_settings: str,
    features: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    record: dsl.Output[dsl.Artifact],
):
    return dsl.ContainerSpec(
        image="train_model",
        command=["python", "-m", "components.train_model.main"],
        args=[
            "--training-settings",
            training_settings,
            "--feature-settings",
            feature_settings,
            "--features",
            features.path,
            "--model",
            model.path,
            "--record",
            record.path,
        ],
    )
