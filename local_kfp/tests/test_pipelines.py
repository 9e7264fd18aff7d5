import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import kfp
import kfp_server_api
import pytest
import yaml

from local_kfp.tests.in_process import InProcessServer


@pytest.fixture
def upload(server: InProcessServer) -> Callable[..., httpx.Response]:
    """POST a file as a browser would."""

    def upload(
        content: bytes, filename: str = "p.yaml", path: str = "upload", **query: str
    ) -> httpx.Response:
        url = f"{server.url}/apis/v2beta1/pipelines/{path}"
        return httpx.post(url, params=query, files={"uploadfile": (filename, content)})

    return upload


def names(rows: list[Any] | None) -> list[str]:
    return [row.display_name for row in rows or []]


def test_uploaded_pipeline_can_be_read_and_listed(client: kfp.Client, package: str):
    pipeline = client.upload_pipeline(package, "greeting", description="says hello")
    assert client.get_pipeline_id("greeting") == pipeline.pipeline_id
    assert client.get_pipeline(pipeline.pipeline_id).description == "says hello"
    assert client._pipelines_api.pipeline_service_get_pipeline_by_name("greeting").name == "greeting"
    second = client.upload_pipeline_version(package, "v2", pipeline_name="greeting")
    assert names(client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions) == ["greeting", "v2"]
    got = client.get_pipeline_version(pipeline.pipeline_id, second.pipeline_version_id)
    assert got.pipeline_spec == yaml.safe_load(Path(package).read_text())


def test_list_without_pipelines_has_no_field_for_them(client: kfp.Client):
    assert client.list_pipelines().pipelines is None
    assert client.get_pipeline_id("missing") is None


def test_pipeline_and_version_names_are_unique(client: kfp.Client, version: dict[str, str], package: str):
    with pytest.raises(kfp_server_api.ApiException, match="The name greeting already exists") as taken:
        client.upload_pipeline(package, "greeting")
    assert taken.value.status == 409
    with pytest.raises(kfp_server_api.ApiException, match="The name greeting already exists") as taken:
        client.upload_pipeline_version(package, "greeting", version["pipeline_id"])
    assert taken.value.status == 409
    other = client.upload_pipeline(package, "other")
    client.upload_pipeline_version(package, "greeting", other.pipeline_id)


def test_delete_pipeline_refuses_one_with_versions(client: kfp.Client, version: dict[str, str]):
    with pytest.raises(kfp_server_api.ApiException, match="as it has existing pipeline versions") as refused:
        client.delete_pipeline(version["pipeline_id"])
    assert refused.value.status == 400
    client.delete_pipeline_version(version["pipeline_id"], version["version_id"])
    client.delete_pipeline(version["pipeline_id"])
    assert client.list_pipelines().pipelines is None


def test_delete_pipeline_with_cascade_deletes_versions(client: kfp.Client, version: dict[str, str]):
    client._pipelines_api.pipeline_service_delete_pipeline(version["pipeline_id"], cascade=True)
    with pytest.raises(kfp_server_api.ApiException, match=r"PipelineVersion \S+ not found"):
        client.get_pipeline_version(version["pipeline_id"], version["version_id"])


def test_create_pipeline_without_version(client: kfp.Client):
    body = kfp_server_api.V2beta1Pipeline(display_name="empty", tags={"team": "ml"})
    assert client._pipelines_api.pipeline_service_create_pipeline(body).tags == {"team": "ml"}
    with pytest.raises(kfp_server_api.ApiException, match="name is required"):
        client._pipelines_api.pipeline_service_create_pipeline(kfp_server_api.V2beta1Pipeline())


def test_upload_reads_zip_and_tar_gz(tmp_path: Path, client: kfp.Client, package: str):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.write(package, "readme/other.yaml")
        archive.write(package, "pipeline.yaml")
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as archive:
        archive.add(package, "first.yaml")
    client.upload_pipeline(str(tmp_path / "p.zip"), "zipped")
    client.upload_pipeline(str(tmp_path / "p.tar.gz"), "tarred")
    assert names(client.list_pipelines().pipelines) == ["zipped", "tarred"]


def test_upload_stores_kubernetes_settings(upload, client: kfp.Client, package: str):
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}
    text = Path(package).read_text() + "\n---\n" + yaml.safe_dump(platform)
    identity = upload(text.encode(), name="p").json()["pipeline_id"]
    [version] = client.list_pipeline_versions(identity).pipeline_versions
    assert version.pipeline_spec["platform_spec"] == platform
    assert version.pipeline_spec["pipeline_spec"]["pipelineInfo"]["name"] == "greeting"


def test_upload_refuses_what_is_not_a_pipeline_and_stores_nothing(upload, client: kfp.Client):
    response = upload(b"- a list", name="p")
    assert response.status_code == 400
    reason = "unknown template format: expected a pipeline specification, found list"
    assert response.json() == {"error_message": reason, "error_details": reason}
    assert client.list_pipelines().total_size is None


def test_upload_refuses_incomplete_requests(server: InProcessServer, upload, package: str):
    content = Path(package).read_bytes()
    assert upload(content, path="upload_version", name="v", pipelineid="missing").status_code == 400
    assert upload(content, name="n" * 128).status_code == 400
    assert upload(content, name="n", tags="[1]").status_code == 400
    response = httpx.post(f"{server.url}/apis/v2beta1/pipelines/upload", files={"file": b""})
    assert "uploadfile" in json.dumps(response.json())
