"""Tests of scripts/deploy_pipelines.py: by name and content, each only once, all or none, never backwards."""

import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.kubeflow import runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.kfp_client import Client
from engine.kubeflow.uploads import content_hash, find_pipeline, newest_version, read_spec, upload
from engine.tests.scripts.steps import Call


def versions(client: Client, name: str) -> dict[str, str]:
    """The descriptions of a pipeline's versions, by name."""
    found = client.list_pipeline_versions(find_pipeline(client, name)).pipeline_versions or []
    return {each.display_name: each.description for each in found}


def test_the_second_time_changes_nothing(client, new_pipeline):
    path = new_pipeline("twice")
    first = upload(client, path, description="commit 1")
    second = upload(client, path, description="commit 2")
    assert (first.new, second.new) == (True, False)
    assert (first.pipeline_id, first.version_id) == (second.pipeline_id, second.version_id)
    assert first.pipeline_id and first.version_id
    assert versions(client, "twice") == {content_hash(path): "commit 1"}


def test_new_content_is_a_new_version_of_the_same_pipeline(client, new_pipeline):
    path = new_pipeline("grown")
    first = upload(client, path)
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


def test_upload_reuses_a_version_of_equal_content_and_name(client, new_pipeline):
    path = new_pipeline("shared")
    deployed = upload(client, path, f"0123456789ab-{content_hash(path)}")
    assert upload(client, path).version_id == deployed.version_id
    other = upload(client, path, pipeline_name="pr-12-shared")
    assert (other.new, other.pipeline, other.name) == (True, "pr-12-shared", content_hash(path))
    assert other.pipeline_id != deployed.pipeline_id


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
def test_a_file_without_a_pipeline_is_not_uploaded(client, tmp_path, content, message):
    path = tmp_path / "odd.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError) as error:
        upload(client, path)
    assert str(error.value).startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)


class Checkout:
    """A repository whose commits bring pipelines, deployed from here to the endpoint."""

    def __init__(self, root: Path, call: Callable[..., Call], endpoint: str):
        self.root, self._call, self._endpoint = root, call, endpoint
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        person = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        output = subprocess.check_output(["git", *person, *words], cwd=self.root, text=True)
        return output.strip()

    def commit(self, **pipelines: str) -> str:
        """A commit with the given texts as build/pipelines/<name>.yaml."""
        for name, text in pipelines.items():
            path = self.root / f"build/pipelines/{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", ".")
        self.git("commit", "-qm", "A step", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def deploy(self, *options: str) -> Call:
        return self._call(self.root, "deploy_pipelines", *options, KUBEFLOW_HOST=self._endpoint)


@pytest.fixture
def repository(tmp_path: Path, call: Callable[..., Call], endpoint: str) -> Checkout:
    (tmp_path / "repository").mkdir()
    return Checkout(tmp_path / "repository", call, endpoint)


@pytest.fixture
def text_of(compiled: Path) -> Callable[[str], str]:
    """The text of a pipeline that no other test deploys."""
    return lambda name: compiled.read_text().replace("name: waiting", f"name: {name}")


def test_versions_are_named_by_commit_and_content_and_the_second_time_changes_nothing(
    client, repository, text_of
):
    commit = repository.commit(named=text_of("named"))
    name = f"{commit[:12]}-{content_hash(repository.root / 'build/pipelines/named.yaml')}"
    first, second = repository.deploy(), repository.deploy()
    assert (first.status, first.summary) == (0, f"- named: {name} deployed\n")
    assert first.outputs == {"changed": "true", "superseded": "false"}
    assert (second.status, second.printed) == (0, f"- named: {name} there already\n")
    assert second.outputs == {"changed": "false", "superseded": "false"}
    assert versions(client, "named") == {name: f"commit {commit}"}
    repository.commit()  # a commit that changes no pipeline deploys none
    assert repository.deploy().outputs["changed"] == "false"


def test_no_older_commit_goes_over_a_newer_one_but_a_revert_does(client, repository, text_of):
    old = repository.commit(turn=text_of("turn"))
    repository.deploy()
    new = repository.commit(turn=text_of("turn") + "# more\n")
    repository.deploy()
    repository.git("checkout", "-q", old)
    late = repository.deploy()
    assert (late.status, late.outputs) == (0, {"changed": "false", "superseded": "true"})
    assert re.fullmatch(
        f"Nothing deployed: turn {new[:12]}-.{{12}} is of a later commit than {old[:12]}.\n", late.printed
    )
    assert newest_version(client, "turn")[0].name.startswith(new[:12])
    repository.git("checkout", "-q", "main")
    revert = repository.commit(turn=text_of("turn"))
    assert repository.deploy().outputs["changed"] == "true"
    assert newest_version(client, "turn")[0].name.startswith(revert[:12])


def test_nothing_goes_over_a_newer_commit_that_changed_settings_alone(client, repository, text_of, compiled):
    old = repository.commit(settled=text_of("settled"))
    repository.deploy()
    name = f"train-{repository.commit()[:12]}-2013-09-02"
    with runs.started(client, upload(client, compiled), name, {"day": "1"}) as run_id:
        runs.follow(client, run_id)
    repository.git("checkout", "-q", old)
    late = repository.deploy()
    assert (late.printed, late.outputs["superseded"]) == (
        f"Nothing deployed: {name} is of a later commit than {old[:12]}.\n",
        "true",
    )


def test_a_commit_that_is_not_in_a_shallow_clone_is_reported(client, repository, text_of):
    path = repository.root / "build/pipelines/cut.yaml"
    repository.commit(cut=text_of("cut"))
    upload(client, path, f"{'0' * 12}-{'0' * 12}")
    done = repository.deploy()
    assert done.status == 2
    assert "expected it in this clone, found it missing" in done.error
    assert "fetch-depth: 0" in done.error
    assert repository.deploy("--replace-unknown").outputs["changed"] == "true"


def test_a_deployment_that_fails_leaves_what_was_there(client, repository, text_of, monkeypatch):
    texts = {name: text_of(name) for name in ("all1", "all2")}
    repository.commit(**texts)
    repository.deploy()
    before = {name: versions(client, name) for name in texts}
    repository.commit(**{name: f"{text}# more\n" for name, text in texts.items()}, all3=text_of("all3"))
    real, count = Client.upload_pipeline_version, []

    def fail_at_the_third(self, *arguments, **options):
        count.append(1)
        made = real(self, *arguments, **options)
        if len(count) == 3:
            raise WorldError("the line was cut")  # and the answer lost: the version is there
        return made

    monkeypatch.setattr(Client, "upload_pipeline_version", fail_at_the_third)
    done = repository.deploy()
    assert (done.status, len(count)) == (3, 3)
    assert done.error.splitlines()[-1] == "error: the line was cut"
    assert {name: versions(client, name) for name in texts} == before
    assert find_pipeline(client, "all3") is None
    assert repository.deploy().outputs["changed"] == "true"


def test_a_pipeline_that_fails_the_lint_is_not_deployed(client, repository, text_of):
    repository.commit(linted=text_of("linted"))
    done = repository.deploy("--release")
    assert done.status == 2
    assert "linted: task wait: expected an image with its @sha256: digest, found localhost/" in done.error
    assert find_pipeline(client, "linted") is None


def test_a_dry_run_tells_the_difference_and_changes_nothing(client, repository, text_of):
    repository.commit(dry=text_of("dry"))
    assert repository.deploy("--dry-run").printed == "### Pipelines\n\n- `dry`: **new pipeline**\n"
    assert find_pipeline(client, "dry") is None
    name = f"{repository.commit()[:12]}-{content_hash(repository.root / 'build/pipelines/dry.yaml')}"
    repository.deploy()
    assert repository.deploy("--dry-run").printed == f"### Pipelines\n\n- `dry`: unchanged, `{name}`\n"
    text = re.sub("wait-[0-9a-f]{16}", "wait-0123456789abcdef@sha256:" + "5" * 64, text_of("dry"))
    text = text.replace("defaultValue: work", "defaultValue: re|st`<b>")
    tag = re.search("wait-[0-9a-f]{16}", text_of("dry"))[0]
    repository.commit(dry=text)
    done = repository.deploy("--dry-run")
    assert done.summary == done.printed
    assert done.printed == (
        f"### Pipelines\n\n- `dry`: **new version**, in place of `{name}`\n"
        '  - parameter `mode`: `STRING = "work"` → `STRING = "re?st??b?"`\n'
        f"  - image of `wait`: `mlops:{tag}` → `mlops:wait-0123456789abcdef@555555555555`\n"
    )
    assert len(versions(client, "dry")) == 1


def test_deploy_without_compiled_pipelines_is_refused(repository):
    done = repository.deploy()
    assert done.status == 2
    assert done.error.startswith("error: build/pipelines: expected compiled pipelines, found none")
