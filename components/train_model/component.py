"""Interface of the training."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def train_model(
    training_settings: str,
    feature_settings: str,
    features: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    record: dsl.Output[dsl.Artifact],
) -> dsl.ContainerSpec:
    return container("train_model", locals())
