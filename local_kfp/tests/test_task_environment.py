"""What a task that runs on this machine learns of it: enough to work, and no secret of the runner's."""

import json
from pathlib import Path

import pytest

from local_kfp.runner.subprocess_tasks import SubprocessTasks, WarmPython
from local_kfp.tests.runs import TAG, stage

TELL = "import json, os\nprint(json.dumps(dict(os.environ)))\n"
SECRETS = {
    "GITHUB_TOKEN": "ghs_1",
    "GITHUB_ENV": "/runner/env",
    "GITHUB_OUTPUT": "/runner/output",
    "GITHUB_PATH": "/runner/path",
    "GITHUB_STEP_SUMMARY": "/runner/summary",
    "ACTIONS_RUNTIME_TOKEN": "eyJ",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "eyJ",
    "KUBEFLOW_TOKEN": "t",
    "DOCKERHUB_USERNAME": "you",
    "DOCKERHUB_TOKEN": "dckr",
    "NPM_TOKEN": "npm",
    "PYTHONPATH": "/elsewhere",
}
NEEDED = {
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
    "MODEL_REGISTRY_URI": "s3://models",
    "https_proxy": "http://proxy:3128",
    "NO_PROXY": "127.0.0.1",
    "SSL_CERT_FILE": "/etc/ca.pem",
    "OMP_NUM_THREADS": "2",
    "LC_ALL": "C.UTF-8",
}


@pytest.mark.parametrize("warm", [False, True])
def test_task_environment_has_no_secret_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    stage(tmp_path / "images", source=TELL)
    for name, value in (SECRETS | NEEDED).items():
        monkeypatch.setenv(name, value)
    tasks = SubprocessTasks(tmp_path / "images")
    if warm:
        tasks._warm = WarmPython([])

    status = tasks.run(
        f"localhost/mlops:{TAG}", ["python", "-m", "components.tool.main"], {}, tmp_path / "log"
    )

    tasks.stop()
    seen = json.loads((tmp_path / "log").read_text())
    assert status == 0
    assert {name: seen.get(name) for name in NEEDED} == NEEDED
    assert not SECRETS.keys() & seen.keys()


@pytest.mark.parametrize("salt", ["", "-2026w47"])
def test_image_is_found_by_its_hash_in_any_repository(tmp_path: Path, salt: str) -> None:
    stage(tmp_path / "images", source=TELL)
    image = f"registry.example:5000/you/flights:{TAG}{salt}@sha256:{'1' * 64}"
    command = ["python", "-m", "components.tool.main"]
    assert SubprocessTasks(tmp_path / "images").run(image, command, {}, tmp_path / "log") == 0
