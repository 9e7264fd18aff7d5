from pathlib import Path

import pytest
import yaml

from engine.command_line import SettingsError
from engine.kserve.releases import release_of
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.task_placement import kubernetes_config
from engine.kubeflow.uploads import upload
from engine.kubeflow.versions import (
    FACTS,
    KUBEFLOW,
    KUBERNETES_FIELDS,
    check_pods,
    check_supported,
    kubeflow_table,
    table,
)
from engine.settings.tasks_schema import Resources
from engine.tests.standins.crds import schema_of
from engine.tests.standins.odd_endpoint import Answer, odd_endpoint

DOCUMENT = Path(__file__).parents[3] / "docs/cluster.md"


def test_document_has_the_tables() -> None:
    assert f"\n{table()}\n" in DOCUMENT.read_text()
    assert f"\n{kubeflow_table()}\n" in DOCUMENT.read_text()


@pytest.mark.parametrize("release", KUBEFLOW)
def test_versions_that_a_release_of_kubeflow_installs_are_supported(release: str) -> None:
    pipelines, kserve = KUBEFLOW[release]
    assert min(FACTS) <= pipelines <= max(FACTS)
    check_supported("http://host", ".".join(map(str, pipelines)))
    schema = schema_of("InferenceService", tuple(map(int, kserve.split("."))))
    release_of({"components": {"schemas": {"io.kserve.serving.v1beta1.InferenceService": schema}}})


def test_connection_to_an_old_server_is_refused() -> None:
    with odd_endpoint() as odd:
        odd.health = Answer(body=b'{"tag_name": "2.4.1", "multi_user": false}')
        with pytest.raises(SettingsError, match=r"expected Kubeflow Pipelines 2\.5 or newer, found 2\.4\.1"):
            open_client(odd.url, waits=[0.01])


def test_a_field_that_the_server_would_ignore_is_refused_before_upload(tmp_path: Path) -> None:
    pipeline = tmp_path / "toy.yaml"
    executors = {"exec-train": {"nodeAffinity": [{}], "nodeSelector": {}}}
    platforms = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
    pipeline.write_text(yaml.safe_dump_all([{"pipelineInfo": {"name": "toy"}, "root": {}}, platforms]))
    with odd_endpoint() as odd:
        odd.health = Answer(body=b'{"tag_name": "2.5.0", "multi_user": false}')
        client = open_client(odd.url, waits=[0.01])
        with pytest.raises(SettingsError, match=r"nodeAffinity requires Kubeflow Pipelines 2\.14, found"):
            upload(client, pipeline)
    for tag in ("2.14.0", "master", None):
        check_pods("http://host", tag, platforms)


def test_every_field_that_mlops_yaml_can_set_of_a_pod_has_its_version() -> None:
    resources = Resources(
        node_selector={"pool": "gpu"},
        tolerations=[{"key": "gpu"}],
        node_affinity=[{"key": "zone", "values": ["a"]}],
        image_pull_secrets=["pull"],
        secrets={"keys": {"KEY": "key"}},
        config_maps={"settings": {"LEVEL": "level"}},
        volumes={"claim": {"path": "/a", "claim": "claim"}, "scratch": {"path": "/b", "size": "1Gi"}},
        shared_memory="1Gi",
        labels={"team": "flights"},
        timeout_seconds=60,
    )
    assert {*kubernetes_config(resources, None)} == {*KUBERNETES_FIELDS}


@pytest.mark.parametrize("tag", ["2.5.0", "v2.17.0", "3.0.0", "master", "", None])
def test_supported_and_unstated_versions_are_accepted(tag: str | None) -> None:
    check_supported("http://host", tag)
