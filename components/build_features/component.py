"""Interface of the features."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def build_features(
    feature_settings: str,
    tables: dsl.Input[dsl.Dataset],
    features: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("build_features", locals())
