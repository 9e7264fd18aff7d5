"""Interfaces of the listing of rows to predict, and of the loading of one shard of them."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def list_shards(
    data_settings: str,
    inference_settings: str,
    as_of: str,
    input_uri: str,
    predictions_uri: str,
    name: str,
    listing: dsl.Output[dsl.Artifact],
    shards: dsl.OutputPath(list),
) -> dsl.ContainerSpec:
    return container("list_shards list", locals())


@dsl.container_component
def load_shard(
    data_settings: str,
    listing: dsl.Input[dsl.Artifact],
    shard: str,
    tables: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("list_shards load", locals())
