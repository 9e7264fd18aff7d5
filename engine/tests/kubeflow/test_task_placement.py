"""Tests of task_placement.py: what mlops.yaml says of tasks is compiled as kfp writes it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.kubeflow.pipeline_compiler import compile_pipeline
from engine.settings.tasks_schema import Resources, Store, TaskSettings

PIPELINE = """
from kfp import dsl, kubernetes

@dsl.container_component
def train_model(out: dsl.Output[dsl.Dataset]):
    return dsl.ContainerSpec("train_model", ["python", "-m", "components.train_model.main"], [out.path])

@dsl.container_component
def load_data():
    return dsl.ContainerSpec("load_data", ["python", "-m", "components.load_data.main"])

@dsl.pipeline(name="toy")
def toy():
    load_data()
    task = train_model()
"""
SECRET = {"name": "mlpipeline-minio-artifact", "access_key": "accesskey", "secret_key": "secretkey"}
STORE = Store(endpoint="http://seaweedfs.kubeflow:9000", region="eu-central-1", secret=SECRET)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pipelines").mkdir()
    for name, room in (("load_data", "stores"), ("train_model", "tables")):
        (tmp_path / "components" / name).mkdir(parents=True)
        dockerfile = tmp_path / "components" / name / "Dockerfile"
        dockerfile.write_text(f"FROM scratch\nCOPY engine/{room} engine/{room}\n")
    return tmp_path


def compiled(
    project: Path, *lines: str, store: Store | None = None, on_cluster: bool = False, **resources: Any
) -> list[dict[str, Any]]:
    """The documents of the pipeline with more lines, and with resources of train_model."""
    (project / "pipelines/toy.py").write_text(PIPELINE + "".join(f"    {line}\n" for line in lines))
    images = {"load_data": "localhost/a:1", "train_model": "localhost/b:1"}
    tasks = TaskSettings({"train_model": Resources(**resources)}, store, on_cluster)
    return list(yaml.safe_load_all(compile_pipeline(project, "toy", images, tasks)))


@pytest.mark.parametrize(
    ("resources", "line"),
    [
        (
            {"accelerator": {"type": "nvidia.com/gpu", "count": 2}},
            "task.set_accelerator_type('nvidia.com/gpu').set_accelerator_limit(2)",
        ),
        ({"node_selector": {"pool": "gpu"}}, "kubernetes.add_node_selector(task, 'pool', 'gpu')"),
        (
            {"tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]},
            "kubernetes.add_toleration(task, 'gpu', 'Exists', effect='NoSchedule')",
        ),
        (
            {"node_affinity": [{"key": "zone", "values": ["a", "b"], "weight": 10}]},
            "kubernetes.add_node_affinity("
            "task, [{'key': 'zone', 'operator': 'In', 'values': ['a', 'b']}], weight=10)",
        ),
        ({"image_pull_secrets": ["hub"]}, "kubernetes.set_image_pull_secrets(task, ['hub'])"),
        ({"secrets": {"api": {"TOKEN": "t"}}}, "kubernetes.use_secret_as_env(task, 'api', {'t': 'TOKEN'})"),
        (
            {"config_maps": {"proxy": {"HTTPS_PROXY": "url"}}},
            "kubernetes.use_config_map_as_env(task, 'proxy', {'url': 'HTTPS_PROXY'})",
        ),
        (
            {"volumes": {"cache": {"path": "/cache", "claim": "models"}}},
            "kubernetes.mount_pvc(task, 'models', '/cache')",
        ),
        (
            {"volumes": {"scratch": {"path": "/scratch", "size": "10Gi", "storage_class": "fast"}}},
            "kubernetes.add_ephemeral_volume("
            "task, 'scratch', '/scratch', ['ReadWriteOnce'], '10Gi', storage_class_name='fast')",
        ),
        (
            {"shared_memory": "2Gi"},
            "kubernetes.empty_dir_mount(task, 'shared-memory', '/dev/shm', 'Memory', '2Gi')",
        ),
        ({"labels": {"team": "ml"}}, "kubernetes.add_pod_label(task, 'team', 'ml')"),
        (
            {"annotations": {"sidecar.istio.io/inject": "false"}},
            "kubernetes.add_pod_annotation(task, 'sidecar.istio.io/inject', 'false')",
        ),
        (
            {"retries": {"count": 3, "backoff_seconds": 10, "maximum_backoff_seconds": 600}},
            "task.set_retry(3, '10s', 2.0, '600s')",
        ),
        ({"timeout_seconds": 600}, "kubernetes.set_timeout(task, 600)"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_each_resource_is_what_kfp_writes_itself(project: Path, resources: dict[str, Any], line: str) -> None:
    ours = compiled(project, **resources)
    assert ours == compiled(project, line)
    assert ours != compiled(project)


def test_a_pipelines_own_placement_stays_beside_the_settings(project: Path) -> None:
    own, ours = "kubernetes.add_pod_label(task, 'own', 'x')", "kubernetes.add_pod_label(task, 'team', 'ml')"
    assert compiled(project, own, labels={"team": "ml"}) == compiled(project, own, ours)


def test_only_tasks_whose_image_reaches_stores_get_access_to_them(project: Path) -> None:
    spec, platform = compiled(project, store=STORE)
    executors = spec["deploymentSpec"]["executors"]
    assert executors["exec-load-data"]["container"]["env"] == [
        {"name": "AWS_ENDPOINT_URL", "value": "http://seaweedfs.kubeflow:9000"},
        {"name": "AWS_REGION", "value": "eu-central-1"},
    ]
    assert "env" not in executors["exec-train-model"]["container"]
    configs = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert [*configs] == ["exec-load-data"]
    [secret] = configs["exec-load-data"]["secretAsEnv"]
    assert secret["secretName"] == "mlpipeline-minio-artifact"
    assert {each["envVar"]: each["secretKey"] for each in secret["keyToEnv"]} == {
        "AWS_ACCESS_KEY_ID": "accesskey",
        "AWS_SECRET_ACCESS_KEY": "secretkey",
    }


def test_every_task_on_a_cluster_runs_as_no_root(project: Path) -> None:
    line = "kubernetes.set_security_context(task, run_as_non_root=True)"
    _, platform = compiled(project, on_cluster=True)
    configs = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert {*configs} == {"exec-load-data", "exec-train-model"}
    assert all(config == {"securityContext": {"runAsNonRoot": True}} for config in configs.values())
    own = compiled(project, line)[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert own["exec-train-model"] == configs["exec-train-model"]


def test_a_session_token_comes_along(project: Path) -> None:
    store = Store(secret=SECRET | {"session_token": "token"})
    _, platform = compiled(project, store=store)
    [secret] = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-load-data"][
        "secretAsEnv"
    ]
    assert {"secretKey": "token", "envVar": "AWS_SESSION_TOKEN"} in secret["keyToEnv"]


def test_a_store_with_no_secret_is_reached_by_workload_identity(project: Path) -> None:
    spec, *platforms = compiled(project, store=Store(region="eu-central-1"))
    assert platforms == []
    assert spec["deploymentSpec"]["executors"]["exec-load-data"]["container"]["env"] == [
        {"name": "AWS_REGION", "value": "eu-central-1"}
    ]


def test_settings_that_are_not_set_are_not_compiled(project: Path) -> None:
    [spec] = compiled(project)
    assert "env" not in spec["deploymentSpec"]["executors"]["exec-load-data"]["container"]
    assert "retryPolicy" not in spec["root"]["dag"]["tasks"]["train-model"]
