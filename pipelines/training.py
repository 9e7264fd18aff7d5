"""Training: a new model for the newest window, served and promoted only when it passes the gate."""

from kfp import dsl

from components.compare_models.component import compare_with_champion
from components.deploy_model.component import deploy_model
from components.model_registry.component import promote_model, register_model, resolve_model
from components.validate_data.component import validate_data
from pipelines.lib.model_tasks import ModelTasks, champion_tasks, load_rows


@dsl.pipeline(name="training", description=__doc__)
def training(
    as_of: str,
    model: str,
    model_registry_uri: str,
    data_settings: str,
    policy: str,
    provenance: str,
    results_uri: str,
    fallback: str,
    metadata: str,
    feature_settings: str,
    training_settings: str,
    build_features_image: str,
    train_model_image: str,
    score_model_image: str,
    serving_settings: str,
) -> None:
    tasks = ModelTasks(
        "candidate",
        feature_settings,
        build_features_image,
        score_model_image,
        training_settings,
        train_model_image,
    )

    champion = resolve_model(
        model_registry_uri=model_registry_uri, name=model, alias="champion", fallback=fallback, as_of=as_of
    )
    day = champion.outputs["day"]
    training_rows = tasks.hide_outcomes("training", load_rows(data_settings, "training", day))
    evaluation_rows = tasks.hide_outcomes("evaluation", load_rows(data_settings, "evaluation", day))
    training_features = tasks.labelled_features("training", training_rows)
    evaluation_features = tasks.labelled_features("evaluation", evaluation_rows)
    validated = validate_data(
        feature_settings=feature_settings,
        training=training_features.outputs["features"],
        evaluation=evaluation_features.outputs["features"],
        fail_on_finding="true",
    )

    candidate = tasks.train(training_features).after(validated)
    champions = champion_tasks(champion)
    compared = compare_with_champion(
        policy=policy,
        candidate=tasks.score(candidate, evaluation_features).outputs["predictions"],
        champion=champions.score(champion, champions.features("evaluation", evaluation_rows.known)).outputs[
            "predictions"
        ],
        candidate_record=candidate.outputs["record"],
        champion_version=champion.outputs["version"],
        history=champion.outputs["history"],
        training_features=training_features.outputs["features"],
        evaluation_features=evaluation_features.outputs["features"],
        findings=validated.outputs["findings"],
        provenance=provenance,
        results_uri=results_uri,
    )

    with dsl.If(compared.outputs["passed"] == "true", name="candidate-passed"):
        registered = register_model(
            model_registry_uri=model_registry_uri,
            name=model,
            model=candidate.outputs["model"],
            record=candidate.outputs["record"],
            verdict=compared.outputs["verdict"],
            metadata=metadata,
        )
        promotion = {
            "model_registry_uri": model_registry_uri,
            "name": model,
            "version": registered.outputs["version"],
            "expected": champion.outputs["digest"],
        }
        with dsl.If(serving_settings == "", name="nothing-serves"):
            promote_model(**promotion, verdict=compared.outputs["verdict"])
        with dsl.Else(name="kserve-serves"):
            deployed = deploy_model(
                **promotion, serving_settings=serving_settings, run=dsl.PIPELINE_JOB_ID_PLACEHOLDER
            )
            promote_model(**promotion, verdict=compared.outputs["verdict"]).after(deployed)
