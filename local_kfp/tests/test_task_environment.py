"""What a task that runs on this machine learns of it: enough to work, and no secret of the runner's."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from kfp import compiler, dsl

from local_kfp.command_line import WorldError
from local_kfp.runner.environments import interpreter_for
from local_kfp.runner.subprocess_tasks import SubprocessTasks, WarmPython
from local_kfp.tests.runs import TAG, stage, tool
from local_kfp.tests.server_process import ServerProcess, finish

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


PARENTS = """\
import os
from pathlib import Path

process, found = os.getpid(), set()
while process > 1:
    process = int((Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[1])
    folder = Path("/proc") / str(process)
    if b"local_kfp" in (folder / "cmdline").read_bytes():
        lines = (folder / "environ").read_bytes().split(b"\\0")
        found |= {line.partition(b"=")[0].decode() for line in lines}
print(" ".join(sorted(found)))
"""


@dsl.container_component
def look() -> dsl.ContainerSpec:
    return tool()


@dsl.pipeline
def one_task() -> None:
    look()


def test_no_parent_of_a_task_was_started_with_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the server and the run's process, whose variables a task may read in /proc."""
    for name, value in (SECRETS | NEEDED).items():
        if name != "PYTHONPATH":
            monkeypatch.setenv(name, value)
    stage(tmp_path / "images", source=PARENTS)

    with ServerProcess(tmp_path / "state", tmp_path / "images") as server:
        compiler.Compiler().compile(one_task, str(tmp_path / "pipeline.yaml"))
        run = server.client.create_run_from_pipeline_package(str(tmp_path / "pipeline.yaml"))
        finish(server.client, run.run_id)

    (log,) = (tmp_path / "state/runs" / run.run_id / "logs").iterdir()
    seen = set(log.read_text().split())
    assert NEEDED.keys() <= seen
    assert not (SECRETS.keys() - {"PYTHONPATH"}) & seen


BACKEND = """\
import os, pathlib

pathlib.Path({seen!r}).write_text(" ".join(os.environ))


def build_wheel(*_, **__):
    raise SystemExit(1)
"""


def test_a_package_is_built_without_the_keys_of_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build of a locked source distribution runs code of the change."""
    for name, value in (SECRETS | NEEDED | {"UV_OFFLINE": "1"}).items():
        monkeypatch.setenv(name, value)
    seen, source = tmp_path / "seen", tmp_path / "tool_1-1.0"
    source.mkdir()
    (source / "backend.py").write_text(BACKEND.format(seen=str(seen)))
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    with tarfile.open(tmp_path / "tool_1-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    content = (tmp_path / "tool_1-1.0.tar.gz").read_bytes()
    locked = tmp_path / "requirements.txt"
    locked.write_text(
        f"tool-1 @ file://{tmp_path}/tool_1-1.0.tar.gz --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"
    )

    with pytest.raises(WorldError):
        interpreter_for(locked, tmp_path / "environments")

    assert {"UV_OFFLINE", "SSL_CERT_FILE"} <= {*seen.read_text().split()}
    assert not {*SECRETS, "AWS_ACCESS_KEY_ID", "MODEL_REGISTRY_URI"} & {*seen.read_text().split()}
