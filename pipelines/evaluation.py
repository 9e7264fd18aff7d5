"""Evaluation: is the candidate better than its references, on the same held-out rows?"""

from kfp import dsl

from components.model_registry.component import resolve_model
from components.validate_data.component import validate_data
from pipelines.lib.model_tasks import ModelTasks, champion_tasks, load_rows
from pipelines.lib.verdict_tasks import Candidate, Gate, Reference


@dsl.pipeline(name="evaluation", description=__doc__)
def evaluation(
    as_of: str,
    model: str,
    model_registry_uri: str,
    data_settings: str,
    policy: str,
    proposed_policy: str,
    provenance: str,
    results_uri: str,
    fallback: str,
    candidate_feature_settings: str,
    candidate_training_settings: str,
    candidate_build_features_image: str,
    candidate_train_model_image: str,
    candidate_score_model_image: str,
    control_feature_settings: str,
    control_training_settings: str,
    control_build_features_image: str,
    control_train_model_image: str,
    control_score_model_image: str,
) -> None:
    candidate_tasks = ModelTasks(
        "candidate",
        candidate_feature_settings,
        candidate_build_features_image,
        candidate_score_model_image,
        candidate_training_settings,
        candidate_train_model_image,
    )
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

    candidate_training = candidate_tasks.labelled_features("training", training_rows)
    candidate_evaluation = candidate_tasks.labelled_features("evaluation", evaluation_rows)
    validated = validate_data(
        feature_settings=candidate_feature_settings,
        training=candidate_training.outputs["features"],
        evaluation=candidate_evaluation.outputs["features"],
        fail_on_finding="false",
    )
    gate = Gate(policy, proposed_policy, provenance, results_uri, validated.outputs["findings"])

    with dsl.If(validated.outputs["valid"] == "true", name="gate"):
        control_evaluation = control_tasks.labelled_features("evaluation", evaluation_rows)
        candidate = candidate_tasks.train(candidate_training)
        control = control_tasks.train(control_tasks.labelled_features("training", training_rows))
        champions = champion_tasks(champion)
        champion_scores = champions.score(champion, champions.features("evaluation", evaluation_rows.known))
        gate.judge(
            control_evaluation.outputs["features"],
            Candidate(
                training_features=candidate_training.outputs["features"],
                evaluation_features=candidate_evaluation.outputs["features"],
                predictions=candidate_tasks.score(candidate, candidate_evaluation).outputs["predictions"],
                record=candidate.outputs["record"],
            ),
            Reference(control, control_tasks.score(control, control_evaluation)),
            Reference(champion, champion_scores),
        )
    with dsl.Else(name="refused-data"):
        gate.refuse_data()
