"""Deploys pipelines as versions named by commit and content: all of them or none, and never backwards."""

import re
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from engine.command_line import SettingsError, WorldError
from engine.command_line.signals import sigterm_exits
from engine.kubeflow import kfp_lists
from engine.kubeflow.kfp_client import Client
from engine.kubeflow.pipeline_spec import PipelineSpec, containers
from engine.kubeflow.uploads import (
    PipelineVersion,
    content_hash,
    find_content,
    find_newest,
    find_pipeline,
    find_version,
    newest_version,
    read_spec,
    upload,
)
from engine.sources import merge_base, resolve_commit

TRAINED = re.compile(r"train-(?P<commit>[0-9a-f]{12})-.*")
IMAGE = re.compile(r".*?([A-Za-z0-9_]+-[0-9a-f]{16})(-[a-z0-9]+)?(@sha256:[0-9a-f]{64})?")
DEPLOYED = re.compile(r"(?P<commit>[0-9a-f]{12})-(?P<content>[0-9a-f]{12})")


@dataclass(frozen=True)
class Step:
    """A compiled pipeline, and what the endpoint has of it: its newest version, which is its default."""

    path: Path
    pipeline: str
    spec: PipelineSpec
    content: str
    is_new: bool
    newest: str | None
    newest_spec: PipelineSpec | None

    @property
    def needed(self) -> bool:
        return self.newest is None or self.newest.rpartition("-")[2] != self.content


def plan(client: Client, paths: Sequence[Path]) -> list[Step]:
    """What stands against what, a step for each pipeline."""
    return [_step(client, path) for path in paths]


def newer_commit(
    client: Client, root: Path, steps: Sequence[Step], commit: str, replace_unknown: bool
) -> str | None:
    """What a later commit than `commit` has left on the endpoint: a version, or a model's training."""
    for step in steps:
        deployed = DEPLOYED.fullmatch(step.newest or "") if step.needed else None
        if deployed and _is_later(root, deployed["commit"], commit, replace_unknown):
            return f"{step.pipeline} {step.newest}"
    # A commit that changed settings alone has deployed nothing.
    run = kfp_lists.newest_run(client, "train")
    name: str = run.display_name if run else ""
    trained = TRAINED.fullmatch(name)
    if trained and _is_later(root, trained["commit"], commit, replace_unknown=True):
        return name
    return None


def _is_later(root: Path, other: str, commit: str, replace_unknown: bool) -> bool:
    """Whether `other` has `commit` in its history; of two lines of history neither is later."""
    if commit.startswith(other):
        return False
    try:
        resolve_commit(root, other)
    except SettingsError:
        if replace_unknown:
            return False
        raise SettingsError(
            f"commit {other}, of what is deployed: expected it in this clone, found it missing, so which is "
            "newer is not known; check out with fetch-depth: 0 (or git fetch --unshallow), or give "
            "--replace-unknown if the history has lost it"
        ) from None
    return merge_base(root, other) == commit


def deploy(client: Client, steps: Sequence[Step], commit: str) -> list[PipelineVersion]:
    """Upload what is needed; if one fails, what this call created is deleted again."""
    made, begun = [], []
    with sigterm_exits():
        try:
            for step in steps:
                if not step.needed:
                    continue
                name = f"{commit[:12]}-{step.content}"
                if (known := find_pipeline(client, step.pipeline)) and find_version(client, known, name):
                    raise WorldError(
                        f"{step.pipeline} {name}: expected it to become the newest, found it there already "
                        f"under {step.newest}; delete one of them"
                    )
                begun.append((step, name))
                made.append(upload(client, step.path, name, description=f"commit {commit}"))
        except BaseException:
            for step, name in reversed(begun):
                _undo(client, step, name)
            raise
    return made


def deployed(client: Client, path: Path) -> PipelineVersion:
    """The version on the endpoint of what is at `path`: of its content, else the newest, if that differs in
    nothing but patches of its images."""
    spec, content = read_spec(path), content_hash(path)
    newest, newest_spec = newest_version(client, spec["pipelineInfo"]["name"])
    if same_content := find_content(client, newest.pipeline_id, content):
        return replace(newest, name=same_content.display_name, version_id=same_content.pipeline_version_id)
    if _unpatched(newest_spec) == _unpatched(spec):
        return newest
    raise SettingsError(
        f"{newest.pipeline}: expected it deployed as this checkout has it, found {newest.name} instead; "
        "compile_pipelines and deploy_pipelines"
    )


def _unpatched(spec: PipelineSpec) -> PipelineSpec:
    """`spec` with images named by their hashes alone: the same code, wherever and whenever it was built."""
    spec = deepcopy(spec)
    for _, container in containers(spec):
        container["image"] = IMAGE.sub(r"\1", container["image"])
    return spec


def _undo(client: Client, step: Step, name: str) -> None:
    """Remove the version `name`, and its pipeline if that is new. Never raises: another error is handled."""
    try:
        pipeline_id = find_pipeline(client, step.pipeline)
        if pipeline_id and (version_id := find_version(client, pipeline_id, name)):
            client.delete_pipeline_version(pipeline_id, version_id)
        if pipeline_id and step.is_new:
            client.delete_pipeline(pipeline_id)
    except WorldError as error:
        print(f"{step.pipeline} {name}: could not be removed again: {error}", file=sys.stderr)
    else:
        print(f"{step.pipeline} {name}: removed again", file=sys.stderr)


def _step(client: Client, path: Path) -> Step:
    spec = read_spec(path)
    name = spec["pipelineInfo"]["name"]
    stored = find_newest(client, name)
    is_new = stored is None and find_pipeline(client, name) is None
    newest, newest_spec = (stored[0].name, stored[1]) if stored else (None, None)
    return Step(path, name, spec, content_hash(path), is_new, newest, newest_spec)
