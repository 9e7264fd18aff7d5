"""The package works in a folder of its own, without the repository that contains it."""

import shutil
from pathlib import Path

from kfp import compiler, dsl

from local_kfp.tests.runs import ROOT, stage, tool
from local_kfp.tests.server_process import ServerProcess, finish


@dsl.container_component
def greet(greeting: dsl.OutputPath(str)) -> dsl.ContainerSpec:
    return tool("--say", "hello", "--write", greeting, "welcome")


@dsl.pipeline(name="greeting")
def greeting() -> None:
    greet()


def test_package_runs_a_pipeline_without_the_repository(tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(
        ROOT / "local_kfp", alone / "local_kfp", ignore=shutil.ignore_patterns("tests", "__pycache__")
    )
    stage(tmp_path / "images")
    package = str(tmp_path / "greeting.yaml")
    compiler.Compiler().compile(greeting, package)

    with ServerProcess(tmp_path / "state", tmp_path / "images", folder=alone) as server:
        pipeline = server.client.upload_pipeline(package, "greeting")
        [version] = server.client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
        experiment = server.client.create_experiment("alone").experiment_id
        created = server.client.run_pipeline(
            experiment, "greet", pipeline_id=pipeline.pipeline_id, version_id=version.pipeline_version_id
        )
        run = finish(server.client, created.run_id)

    assert run.state == "SUCCEEDED"
    assert [task.state for task in run.run_details.task_details] == ["SUCCEEDED", "SUCCEEDED"]
    assert sorted(path.name for path in alone.iterdir()) == ["local_kfp"]
