"""Tests of scripts/ci/check_settings.py."""


def test_a_missing_setting_is_reported_in_log_and_summary(step):
    done = step(
        "check_settings",
        "KUBEFLOW_HOST",
        "MODEL_REGISTRY_URI",
        KUBEFLOW_HOST="https://kubeflow.example",
        MODEL_REGISTRY_URI="",  # as GitHub passes a variable that is not set
        GITHUB_ACTIONS="true",
        GITHUB_JOB="staging",
    )
    line = "staging: skipped: MODEL_REGISTRY_URI is not set; see docs/operating.md"
    assert (done.status, done.outputs) == (0, {"complete": "false"})
    assert done.printed == f"::notice title=Skipped::{line}\n"
    assert done.summary == f"{line}\n"


def test_complete_settings_print_nothing(step):
    done = step("check_settings", "KUBEFLOW_HOST", KUBEFLOW_HOST="https://kubeflow.example")
    assert (done.outputs, done.printed, done.summary) == ({"complete": "true"}, "", "")


def test_a_missing_required_setting_fails(step):
    done = step("check_settings", "--required", "MODEL_REGISTRY_URI")
    assert done.status == 2
    assert "MODEL_REGISTRY_URI: expected a value, found none" in done.error


def test_a_misspelt_variable_gets_a_line_and_stops_nothing(step):
    done = step(
        "check_settings",
        "RESULTS_URI",
        RESULTS_URI="s3://results",
        RESULT_URI="s3://result",
        REPOSITORY_VARIABLES='{"KUBEFLOW_HOTS": "https://kubeflow.example", "TEAM": "flights"}',
    )
    assert (done.status, done.outputs) == (0, {"complete": "true"})
    assert done.printed.splitlines() == [
        "note: Unknown variable: KUBEFLOW_HOTS is no variable of this project; did you mean KUBEFLOW_HOST?",
        "note: Unknown variable: RESULT_URI is no variable of this project; did you mean RESULTS_URI?",
    ]
