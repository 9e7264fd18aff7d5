"""Judgement: is the candidate, which ran in a place of its own, better than its references?"""

from kfp import dsl

from components.hand_over.component import receive_features, receive_model
from components.model_registry.component import resolve_model
from components.validate_data.component import validate_data
from pipelines.lib.model_tasks import ModelTasks, champion_tasks, load_rows
from pipelines.lib.verdict_tasks import Candidate, Gate, Reference


@dsl.pipeline(name="judgement", description=__doc__)
def judgement(
    as_of: str,
    model: str,
    model_registry_uri: str,
    data_settings: str,
    policy: str,
    proposed_policy: str,
    provenance: str,
    results_uri: str,
    fallback: str,
    handover_uri: str,
    candidate_feature_settings: str,
    control_feature_settings: str,
    control_training_settings: str,
    control_build_features_image: str,
    control_train_model_image: str,
    control_score_model_image: str,
) -> None:
    control_tasks = ModelTasks(
        "control",
        control_feature_settings,
        control_build_features_image,
        control_score_model_image,
        control_training_settings,
        control_train_model_image,
    )

    champion = resolve_model(
        model_registry_uri=model_registry_uri, name=model, alias="champion", fallback=fallback, as_of=as_of
    )
    day = champion.outputs["day"]
    training_rows = control_tasks.hide_outcomes("training", load_rows(data_settings, "training", day))
    evaluation_rows = control_tasks.hide_outcomes("evaluation", load_rows(data_settings, "evaluation", day))
    control_training = control_tasks.labelled_features("training", training_rows)
    truth = control_tasks.labelled_features("evaluation", evaluation_rows)
    received = receive_features(
        uri=handover_uri, truth=truth.outputs["features"], control=control_training.outputs["features"]
    )
    validated = validate_data(
        feature_settings=candidate_feature_settings,
        training=received.outputs["training"],
        evaluation=received.outputs["evaluation"],
        fail_on_finding="false",
    )
    gate = Gate(policy, proposed_policy, provenance, results_uri, validated.outputs["findings"])

    with dsl.If(validated.outputs["valid"] == "true", name="gate"):
        control = control_tasks.train(control_training)
        champions = champion_tasks(champion)
        champion_scores = champions.score(champion, champions.features("evaluation", evaluation_rows.known))
        candidate = receive_model(uri=handover_uri, truth=truth.outputs["features"])
        gate.judge(
            truth.outputs["features"],
            Candidate(
                training_features=received.outputs["training"],
                evaluation_features=received.outputs["evaluation"],
                predictions=candidate.outputs["predictions"],
                record=candidate.outputs["record"],
            ),
            Reference(control, control_tasks.score(control, truth)),
            Reference(champion, champion_scores),
        )
    with dsl.Else(name="refused-data"):
        gate.refuse_data()
