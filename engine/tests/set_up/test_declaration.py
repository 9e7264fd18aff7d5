"""What a person declares of a repository: by a file, or by answers to questions."""

import pytest
import yaml

from engine.command_line import SettingsError
from engine.set_up.declaration import parse, written
from engine.set_up.questions import answered


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        ({"owners": ["ann"]}, "owners.0: expected @<user> or @<organization>/<team>, found 'ann'"),
        ({"owners": ["@a"], "environments": {"prod": {}}}, "environments.prod: expected"),
        (
            {"owners": ["@a"], "environments": {"staging": {"KUBEFLOW_TOKEN": "x"}}},
            "environments.staging.KUBEFLOW_TOKEN: expected a variable of docs/settings.md that is no secret",
        ),
        ({"owner": ["@a"]}, "owner: expected no such key; did you mean owners?"),
    ],
)
def test_a_wrong_declaration_is_one_line(declaration: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(yaml.safe_dump(declaration), ".github/set-up.yaml")

    assert str(refused.value).startswith(".github/set-up.yaml:")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_answers_of_the_wrong_kind_are_refused_too() -> None:
    with pytest.raises(SettingsError, match=r"the answers:\d+: images: expected an image repository"):
        answered(
            "you/flight-delays", lambda question, default: "UPPER:tag" if "images" in question else default
        )


def test_eight_questions_at_most_make_the_declaration() -> None:
    answers = ["@you", "ann, you/ml", "", "https://k.example.com/pipeline", "ml"]
    answers += ["s3://bucket/flights/", "eu-central-1", ""]
    questions = []

    def ask(question: str, default: str) -> str:
        questions.append(question)
        return answers[len(questions) - 1] or default

    declaration = answered("you/flight-delays", ask)

    assert len(questions) == 8
    assert parse(written(declaration), "file") == declaration
    assert declaration.reviewers == ["@ann", "@you/ml"]
    assert declaration.images is None
    assert declaration.environments["pull-request"] == {
        "KUBEFLOW_HOST": "https://k.example.com/pipeline",
        "KUBEFLOW_NAMESPACE": "ml",
        "AWS_REGION": "eu-central-1",
        "MODEL_REGISTRY_URI": "s3://bucket/flights/models/production",
        "RESULTS_URI": "s3://bucket/flights/results/pull-requests",
    }
    assert (
        declaration.environments["schedules"]["PREDICTIONS_URI"]
        == "s3://bucket/flights/predictions/production"
    )


def test_setup_without_a_cluster_and_a_store_asks_five_questions() -> None:
    questions = []

    def ask(question: str, default: str) -> str:
        questions.append(question)
        return default

    declaration = answered("you/flight-delays", ask)

    assert len(questions) == 5
    assert declaration.owners == ["@you"]
    assert not declaration.environments
