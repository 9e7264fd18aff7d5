"""Interfaces of the keeping of predictions: a shard at a time, then all of them at once for their readers."""

from kfp import dsl


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
):
    return dsl.ContainerSpec(
        image="publish_predictions",
        command=["python", "-m", "components.publish_predictions.main", "store"],
        args=[
            "--predictions-uri",
            predictions_uri,
            "--name",
            name,
            "--run",
            run,
            "--model-version",
            model_version,
            "--listing",
            listing.path,
            "--shard",
            shard,
            "--predictions",
            predictions.path,
            "--rejects",
            rejects.path,
            "--stored",
            stored,
        ],
    )


@dsl.container_component
def publish_predictions(
    predictions_uri: str,
    name: str,
    run: str,
    model_version: str,
    listing: dsl.Input[dsl.Artifact],
    stored: list,
    feature_settings: str,
    inference_settings: str,
    manifest: dsl.Output[dsl.Artifact],
):
    return dsl.ContainerSpec(
        image="publish_predictions",
        command=["python", "-m", "components.publish_predictions.main", "publish"],
        args=[
            "--predictions-uri",
            predictions_uri,
            "--name",
            name,
            "--run",
            run,
            "--model-version",
            model_version,
            "--listing",
            listing.path,
            "--stored",
            stored,
            "--feature-settings",
            feature_settings,
            "--inference-settings",
            inference_settings,
            "--manifest",
            manifest.path,
        ],
    )
