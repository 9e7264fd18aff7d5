"""Interfaces of the listing of rows to predict, and of the loading of one shard of them."""

from kfp import dsl


@dsl.container_component
def list_shards(
    data_settings: str,
    inference_settings: str,
    as_of: str,
    input_uri: str,
    listing: dsl.Output[dsl.Artifact],
    shards: dsl.OutputPath(list),
):
    return dsl.ContainerSpec(
        image="list_shards",
        command=["python", "-m", "components.list_shards.main", "list"],
        args=[
            "--data-settings",
            data_settings,
            "--inference-settings",
            inference_settings,
            "--as-of",
            as_of,
            "--input-uri",
            input_uri,
            "--listing",
            listing.path,
            "--shards",
            shards,
        ],
    )


@dsl.container_component
def load_shard(
    data_settings: str,
    listing: dsl.Input[dsl.Artifact],
    shard: str,
    tables: dsl.Output[dsl.Dataset],
):
    return dsl.ContainerSpec(
        image="list_shards",
        command=["python", "-m", "components.list_shards.main", "load"],
        args=[
            "--data-settings",
            data_settings,
            "--listing",
            listing.path,
            "--shard",
            shard,
            "--tables",
            tables.path,
        ],
    )
