"""Tests of scripts/upload_pipelines.py: a pipeline by its name, a version by its content, each only once."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.shared.command_line import SettingsError
from scripts.lib.endpoint import open_client
from scripts.lib.kfp_client import Client
from scripts.lib.uploads import content_hash, find_pipeline, newest_version, read_spec, upload


def versions(client: Client, name: str) -> dict[str, str]:
    """The descriptions of a pipeline's versions, by name."""
    found = client.list_pipeline_versions(find_pipeline(client, name)).pipeline_versions or []
    return {each.display_name: each.description for each in found}


def test_the_second_time_changes_nothing(client, new_pipeline):
    path = new_pipeline("twice")
    first = upload(client, path, "commit 1")
    second = upload(client, path, "commit 2")
    assert (first.new, second.new) == (True, False)
    assert (first.pipeline_id, first.version_id) == (second.pipeline_id, second.version_id)
    assert first.pipeline_id and first.version_id
    assert versions(client, "twice") == {content_hash(path): "commit 1"}


def test_new_content_is_a_new_version_of_the_same_pipeline(client, new_pipeline):
    path = new_pipeline("grown")
    first = upload(client, path)
    time.sleep(1)  # which of two is newer is known to the second
    path.write_text(path.read_text() + "# more\n")
    second = upload(client, path)
    assert second.new
    assert second.pipeline_id == first.pipeline_id
    assert versions(client, "grown").keys() == {first.name, second.name}
    newest, spec = newest_version(client, "grown")
    assert newest.version_id == second.version_id
    assert spec == read_spec(path)


def test_a_platform_document_does_not_hide_the_specification(client, new_pipeline):
    path = new_pipeline("platform")
    path.write_text(path.read_text() + "---\nplatforms:\n  kubernetes: {}\n")
    upload(client, path)
    assert newest_version(client, "platform")[1] == read_spec(path)


def test_a_dry_run_uploads_nothing(client, new_pipeline):
    path = new_pipeline("dry")
    assert str(upload(client, path, dry_run=True)).endswith(": to be uploaded")
    assert find_pipeline(client, "dry") is None
    upload(client, path)
    path.write_text(path.read_text() + "# more\n")
    assert str(upload(client, path, dry_run=True)).endswith(": to be uploaded")
    assert len(versions(client, "dry")) == 1


def test_of_many_uploads_at_once_one_is_the_version(endpoint, new_pipeline):
    path = new_pipeline("race")
    clients = [open_client(endpoint) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda client: upload(client, path), clients))
    assert len({version.version_id for version in done}) == 1
    assert sum(version.new for version in done) == 1
    assert len(versions(clients[0], "race")) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", "expected YAML, found while parsing"),
        ("a: 1", "expected what compile_pipelines writes, found another document"),
        ("", "expected what compile_pipelines writes, found another document"),
        ("pipelineInfo: 3\nroot: {}", "expected what compile_pipelines writes, found another document"),
    ],
)
def test_what_is_no_pipeline_is_not_uploaded(client, tmp_path, content, message):
    path = tmp_path / "odd.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError) as error:
        upload(client, path)
    assert str(error.value).startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)


def command(endpoint: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "scripts.upload_pipelines", *arguments]
    environment = {"PYTHONPATH": str(Path.cwd()), "KUBEFLOW_HOST": endpoint, "PATH": "/usr/bin:/bin"}
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_command_says_what_it_did(endpoint, client, compiled, tmp_path):
    build = tmp_path / "build/pipelines"
    build.mkdir(parents=True)
    (build / "said.yaml").write_text(compiled.read_text().replace("name: waiting", "name: said"))
    name = f"said version {content_hash(build / 'said.yaml')}"
    assert command(endpoint, tmp_path, "--dry-run").stdout == f"{name}: to be uploaded\n"
    assert command(endpoint, tmp_path).stdout == f"{name}: uploaded\n"
    assert command(endpoint, tmp_path).stdout == f"{name}: there already\n"


def test_the_command_wants_something_to_upload(endpoint, tmp_path):
    done = command(endpoint, tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: build/pipelines: expected compiled pipelines, found none")
