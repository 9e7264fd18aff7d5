"""Monitoring: does production still do what it did, and would a model of today do better?"""

from kfp import dsl

from components.model_registry.component import resolve_model
from components.monitor_model.component import monitor_model, report_fault
from components.validate_data.component import validate_data
from pipelines.lib.model_tasks import ModelTasks, champion_tasks, load_rows
from pipelines.training import training


@dsl.pipeline(name="monitoring", description=__doc__)
def monitoring(
    as_of: str,
    model: str,
    model_registry_uri: str,
    data_settings: str,
    policy: str,
    provenance: str,
    results_uri: str,
    feature_settings: str,
    training_settings: str,
    build_features_image: str,
    train_model_image: str,
    score_model_image: str,
    training_data_settings: str,
    training_policy: str,
    training_provenance: str,
    training_results_uri: str,
    fallback: str,
    metadata: str,
    serving_settings: str,
) -> None:
    shadow_tasks = ModelTasks(
        "shadow",
        feature_settings,
        build_features_image,
        score_model_image,
        training_settings,
        train_model_image,
    )

    champion = resolve_model(
        model_registry_uri=model_registry_uri, name=model, alias="champion", fallback="{}", as_of=as_of
    )
    day = champion.outputs["day"]
    training_rows = shadow_tasks.hide_outcomes("training", load_rows(data_settings, "training", day))
    rows = shadow_tasks.hide_outcomes("evaluation", load_rows(data_settings, "evaluation", day))
    training_features = shadow_tasks.labelled_features("training", training_rows)
    features = shadow_tasks.labelled_features("evaluation", rows)
    validated = validate_data(
        feature_settings=feature_settings,
        training=training_features.outputs["features"],
        evaluation=features.outputs["features"],
        fail_on_finding="false",
    )

    with dsl.If(validated.outputs["valid"] == "true", name="monitor"):
        champions = champion_tasks(champion)
        champion_features = champions.features("evaluation", rows.known)
        shadow = shadow_tasks.train(training_features)
        monitored = monitor_model(
            policy=policy,
            as_of=day,
            model_registry_uri=model_registry_uri,
            name=model,
            truth=features.outputs["features"],
            champion=champions.score(champion, champion_features).outputs["predictions"],
            shadow=shadow_tasks.score(shadow, features).outputs["predictions"],
            shadow_record=shadow.outputs["record"],
            champion_model=champion.outputs["model"],
            champion_features=champion_features.outputs["features"],
            champion_version=champion.outputs["version"],
            history=champion.outputs["history"],
            findings=validated.outputs["findings"],
            provenance=provenance,
            results_uri=results_uri,
        )
        with dsl.If(monitored.outputs["train"] == "true", name="alarm"):
            training(
                as_of=day,
                model=model,
                model_registry_uri=model_registry_uri,
                data_settings=training_data_settings,
                policy=training_policy,
                provenance=training_provenance,
                results_uri=training_results_uri,
                fallback=fallback,
                metadata=metadata,
                feature_settings=feature_settings,
                training_settings=training_settings,
                build_features_image=build_features_image,
                train_model_image=train_model_image,
                score_model_image=score_model_image,
                serving_settings=serving_settings,
            )
    with dsl.Else(name="refused-data"):
        report_fault(
            policy=policy,
            as_of=day,
            model_registry_uri=model_registry_uri,
            name=model,
            champion_version=champion.outputs["version"],
            history=champion.outputs["history"],
            findings=validated.outputs["findings"],
            provenance=provenance,
            results_uri=results_uri,
        )
