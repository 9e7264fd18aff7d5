"""Inference: the champion predicts rows, a shard at a time; it never trains."""

from kfp import dsl

from components.list_shards.component import list_shards, load_shard
from components.model_registry.component import resolve_model
from components.publish_predictions.component import publish_predictions, store_shard
from pipelines.lib.model_tasks import champion_tasks


@dsl.pipeline(name="inference", description=__doc__)
def inference(
    as_of: str,
    model: str,
    model_registry_uri: str,
    data_settings: str,
    inference_settings: str,
    predictions_uri: str,
    input_uri: str = "",
) -> None:
    champion = resolve_model(
        model_registry_uri=model_registry_uri, name=model, alias="champion", fallback="{}", as_of=as_of
    )
    champions = champion_tasks(champion)
    listed = list_shards(
        data_settings=data_settings,
        inference_settings=inference_settings,
        as_of=as_of,
        input_uri=input_uri,
        predictions_uri=predictions_uri,
        name=model,
    )
    kept = {
        "predictions_uri": predictions_uri,
        "name": model,
        "run": dsl.PIPELINE_JOB_ID_PLACEHOLDER,
        "model_version": champion.outputs["digest"],
        "listing": listed.outputs["listing"],
    }

    with dsl.ParallelFor(listed.outputs["shards"], name="shards") as shard:
        rows = load_shard(data_settings=data_settings, listing=listed.outputs["listing"], shard=shard)
        predicted = champions.predict(champion, champions.features("inference", rows.outputs["tables"]))
        stored = store_shard(
            **kept,
            shard=shard,
            predictions=predicted.outputs["predictions"],
            rejects=predicted.outputs["rejects"],
        )

    publish_predictions(
        **kept,
        stored=dsl.Collected(stored.outputs["stored"]),
        feature_settings=champion.outputs["feature_settings"],
        inference_settings=inference_settings,
    )
