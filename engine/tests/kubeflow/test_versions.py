from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.kserve.releases import release_of
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.versions import FACTS, KUBEFLOW, check_supported, kubeflow_table, table
from engine.tests.standins.crds import schema_of
from engine.tests.standins.odd_endpoint import Answer, odd_endpoint

DOCUMENT = Path(__file__).parents[3] / "docs/cluster.md"


def test_document_has_the_tables() -> None:
    assert f"\n{table()}\n" in DOCUMENT.read_text()
    assert f"\n{kubeflow_table()}\n" in DOCUMENT.read_text()


@pytest.mark.parametrize("release", KUBEFLOW)
def test_what_a_release_of_kubeflow_installs_is_supported(release: str) -> None:
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


@pytest.mark.parametrize("tag", ["2.5.0", "v2.17.0", "3.0.0", "master", "", None])
def test_supported_and_unstated_versions_are_accepted(tag: str | None) -> None:
    check_supported("http://host", tag)
