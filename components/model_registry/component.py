"""Interfaces of the model registry."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def resolve_model(
    model_registry_uri: str,
    name: str,
    alias: str,
    fallback: str,
    as_of: str,
    model: dsl.Output[dsl.Model],
    version: dsl.Output[dsl.Artifact],
    history: dsl.Output[dsl.Artifact],
    build_features_image: dsl.OutputPath(str),
    score_model_image: dsl.OutputPath(str),
    feature_settings: dsl.OutputPath(str),
    digest: dsl.OutputPath(str),
    day: dsl.OutputPath(str),
) -> dsl.ContainerSpec:
    return container("model_registry resolve", locals())


@dsl.container_component
def register_model(
    model_registry_uri: str,
    name: str,
    model: dsl.Input[dsl.Model],
    record: dsl.Input[dsl.Artifact],
    verdict: dsl.Input[dsl.Artifact],
    metadata: str,
    version: dsl.OutputPath(str),
) -> dsl.ContainerSpec:
    return container("model_registry register", locals())


@dsl.container_component
def promote_model(
    model_registry_uri: str,
    name: str,
    version: str,
    expected: str,
    verdict: dsl.Input[dsl.Artifact],
) -> dsl.ContainerSpec:
    return container("model_registry promote", locals())
