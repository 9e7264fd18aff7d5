"""Interfaces of the keeping of predictions: a shard at a time, then all of them at once for their readers."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def store_shard(
    predictions_uri: str,
    name: str,
    run: str,
    model_version: str,
    listing: dsl.Input[dsl.Artifact],
    shard: str,
    predictions: dsl.Input[dsl.Dataset],
    rejects: dsl.Input[dsl.Dataset],
    stored: dsl.OutputPath(str),
) -> dsl.ContainerSpec:
    return container("publish_predictions store", locals())


@dsl.container_component
def publish_predictions(
    predictions_uri: str,
    name: str,
    run: str,
    model_version: str,
    listing: dsl.Input[dsl.Artifact],
    stored: list[str],
    feature_settings: str,
    inference_settings: str,
    manifest: dsl.Output[dsl.Artifact],
) -> dsl.ContainerSpec:
    return container("publish_predictions publish", locals())
