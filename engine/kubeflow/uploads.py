"""Uploads pipelines so that a second time changes nothing: a pipeline by name, a version by content."""

import hashlib
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp_server_api as api
import yaml

from engine.command_line import SettingsError, WorldError
from engine.kubeflow import kfp_lists
from engine.kubeflow.kfp_client import Client, Refused
from engine.kubeflow.pipeline_spec import PipelineSpec, PlatformSpec, spec_of
from engine.kubeflow.versions import check_pods

ALREADY_EXISTS = 409
NAME = re.compile(r"([0-9a-f]{12}-)?[0-9a-f]{12}")  # what a version is called by this project


@dataclass(frozen=True)
class PipelineVersion:
    pipeline: str
    name: str
    """12 hex digits of the hash of its YAML; with those of a commit before them, if it was deployed."""
    pipeline_id: str
    version_id: str
    new: bool
    """Whether it was not there before."""


def upload(
    client: Client,
    path: Path,
    version_name: str | None = None,
    pipeline_name: str | None = None,
    description: str = "",
) -> PipelineVersion:
    """The pipeline at `path` as a version on the endpoint, created if there is none of that name.

    With no name given, one of its content will do, whatever commit was deployed with it; `pipeline_name` is
    for one that must not be mistaken for main's.
    """
    name, content = pipeline_name or read_spec(path)["pipelineInfo"]["name"], content_hash(path)
    check_pods(client.host, client.version, read_platforms(path))
    pipeline_id = find_pipeline(client, name) or _create_pipeline(client, name)
    if existing := _find(client, pipeline_id, version_name, content):
        return PipelineVersion(
            name, existing.display_name, pipeline_id, existing.pipeline_version_id, new=False
        )
    options = {"pipeline_version_name": version_name or content, "description": description}
    try:
        with redirect_stdout(None):  # kfp prints a link to a page that not every endpoint has
            made = client.upload_pipeline_version(str(path), pipeline_id=pipeline_id, **options)
    except Refused as error:
        lost_race = error.code == ALREADY_EXISTS
        existing = _find(client, pipeline_id, version_name, content) if lost_race else None
        if not existing:
            raise
        return PipelineVersion(
            name, existing.display_name, pipeline_id, existing.pipeline_version_id, new=False
        )
    version_id = client.known(made, "pipeline_version_id").pipeline_version_id
    return PipelineVersion(name, version_name or content, pipeline_id, version_id, new=True)


def read_spec(path: Path) -> PipelineSpec:
    """The pipeline specification in a compiled YAML."""
    try:
        spec: PipelineSpec | None = next(yaml.load_all(path.read_bytes(), yaml.CSafeLoader), None)
    except FileNotFoundError:
        raise SettingsError(f"{path}: expected a compiled pipeline, found no such file") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: expected YAML, found {' '.join(str(error).split())}") from None
    info = spec.get("pipelineInfo") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(info, dict) or not ("name" in info and "root" in spec):
        raise SettingsError(f"{path}: expected what compile_pipelines writes, found another document")
    return spec


def read_platforms(path: Path) -> PlatformSpec:
    """What a compiled YAML says of pods: its second document, which it may lack."""
    _, *more = yaml.load_all(path.read_bytes(), yaml.CSafeLoader)
    platforms: PlatformSpec = more[0] if more else {}
    return platforms


def content_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def find_pipeline(client: Client, name: str) -> str | None:
    """The id of the pipeline called `name`."""
    filter = kfp_lists.predicate(kfp_lists.EQUALS, name)
    response = client.list_pipelines(namespace=client.get_user_namespace() or None, filter=filter)
    return client.known(response.pipelines[0], "pipeline_id").pipeline_id if response.pipelines else None


def find_version(client: Client, pipeline_id: str, name: str) -> str | None:
    """The id of the pipeline's version called `name`."""
    version = _find(client, pipeline_id, name, "")
    return version.pipeline_version_id if version else None


def find_content(client: Client, pipeline_id: str, content: str) -> Any | None:
    """The newest of the pipeline's versions of this content, whatever commit was deployed with it."""
    return _find(client, pipeline_id, None, content)


def find_newest(client: Client, name: str) -> tuple[PipelineVersion, PipelineSpec] | None:
    """The newest version of the pipeline called `name`, which is its default, and its specification."""
    pipeline_id = find_pipeline(client, name)
    if pipeline_id is None:
        return None
    response = client.list_pipeline_versions(pipeline_id, sort_by="created_at desc", page_size=1)
    if not response.pipeline_versions:
        return None
    newest = client.known(response.pipeline_versions[0], "pipeline_version_id")
    version = PipelineVersion(name, newest.display_name, pipeline_id, newest.pipeline_version_id, new=False)
    return version, spec_of(newest.pipeline_spec)


def newest_version(client: Client, name: str) -> tuple[PipelineVersion, PipelineSpec]:
    """As find_newest, but an error if there is none."""
    if newest := find_newest(client, name):
        return newest
    raise WorldError(f"{client.host}: expected a pipeline {name}, found none: deploy_pipelines brings it")


def _create_pipeline(client: Client, name: str) -> str:
    body = api.V2beta1Pipeline(name=name, display_name=name, namespace=client.get_user_namespace() or None)
    try:
        made = client._pipelines_api.pipeline_service_create_pipeline(body)
    except Refused as error:
        pipeline_id = find_pipeline(client, name) if error.code == ALREADY_EXISTS else None
        if not pipeline_id:
            raise
        return pipeline_id
    return str(client.known(made, "pipeline_id").pipeline_id)


def _find(client: Client, pipeline_id: str, name: str | None, content: str) -> Any | None:
    """The newest of the pipeline's versions called `name`, or without a name, of this content."""
    for version in kfp_lists.versions(client, pipeline_id, name or content):
        called = version.display_name if name else version.display_name.rpartition("-")[2]
        if called == (name or content):
            return client.known(version, "pipeline_version_id")
    return None
