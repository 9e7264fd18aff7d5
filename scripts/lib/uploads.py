"""Uploads pipelines so that a second time changes nothing: a pipeline by name, a version by content."""

import hashlib
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp_server_api as api
import yaml

from components.shared.command_line import SettingsError, WorldError
from scripts.lib.kfp_client import Client, Refused

ALREADY_EXISTS = 409


@dataclass(frozen=True)
class Version:
    pipeline: str
    name: str
    """16 hex digits of the hash of its YAML."""
    pipeline_id: str | None
    version_id: str | None
    new: bool
    """Whether it was not there before; without ids it still is not (`dry_run`)."""

    def __str__(self) -> str:
        done = "there already" if not self.new else "uploaded" if self.version_id else "to be uploaded"
        return f"{self.pipeline} version {self.name}: {done}"


def upload(client: Client, path: Path, description: str = "", dry_run: bool = False) -> Version:
    """The pipeline at `path` as a version on the endpoint, made where there is none of its content."""
    name, version = read_spec(path)["pipelineInfo"]["name"], content_hash(path)
    pipeline_id = find_pipeline(client, name)
    version_id = find_version(client, pipeline_id, version) if pipeline_id else None
    if version_id or dry_run:
        return Version(name, version, pipeline_id, version_id, new=not version_id)
    pipeline_id = pipeline_id or _create_pipeline(client, name)
    try:
        with redirect_stdout(None):  # kfp prints a link to a page that not every endpoint has
            made = client.upload_pipeline_version(
                str(path), pipeline_version_name=version, pipeline_id=pipeline_id, description=description
            )
    except Refused as error:
        version_id = find_version(client, pipeline_id, version) if error.code == ALREADY_EXISTS else None
        if not version_id:
            raise
        return Version(name, version, pipeline_id, version_id, new=False)
    version_id = client.known(made, "pipeline_version_id").pipeline_version_id
    return Version(name, version, pipeline_id, version_id, new=True)


def read_spec(path: Path) -> dict[str, Any]:
    """The pipeline specification in a compiled YAML."""
    try:
        spec = next(yaml.load_all(path.read_bytes(), yaml.CSafeLoader), None)
    except FileNotFoundError:
        raise SettingsError(f"{path}: expected a compiled pipeline, found no such file") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: expected YAML, found {' '.join(str(error).split())}") from None
    about = spec.get("pipelineInfo") if isinstance(spec, dict) else None
    if not isinstance(about, dict) or "name" not in about or "root" not in spec:
        raise SettingsError(f"{path}: expected what compile_pipelines writes, found another document")
    return spec


def content_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def find_pipeline(client: Client, name: str) -> str | None:
    """The id of the pipeline called `name`."""
    found = client.list_pipelines(namespace=client.get_user_namespace() or None, filter=_named(name))
    return client.known(found.pipelines[0], "pipeline_id").pipeline_id if found.pipelines else None


def find_version(client: Client, pipeline_id: str, name: str) -> str | None:
    """The id of the pipeline's version called `name`."""
    found = client.list_pipeline_versions(pipeline_id, filter=_named(name)).pipeline_versions
    return client.known(found[0], "pipeline_version_id").pipeline_version_id if found else None


def newest_version(client: Client, name: str) -> tuple[Version, dict[str, Any]]:
    """The version of the pipeline called `name` that was uploaded last, and its specification."""
    pipeline_id = find_pipeline(client, name)
    found = pipeline_id and client.list_pipeline_versions(pipeline_id, sort_by="created_at desc", page_size=1)
    if not found or not found.pipeline_versions:
        raise WorldError(f"{client.host}: expected a pipeline {name}, found none: upload_pipelines brings it")
    newest = client.known(found.pipeline_versions[0], "pipeline_version_id")
    spec = newest.pipeline_spec
    version = Version(name, newest.display_name, pipeline_id, newest.pipeline_version_id, new=False)
    return version, spec.get("pipeline_spec", spec)  # a level deeper where there is a platform document


def _create_pipeline(client: Client, name: str) -> str:
    body = api.V2beta1Pipeline(name=name, display_name=name, namespace=client.get_user_namespace() or None)
    try:
        made = client._pipelines_api.pipeline_service_create_pipeline(body)
    except Refused as error:
        pipeline_id = find_pipeline(client, name) if error.code == ALREADY_EXISTS else None
        if not pipeline_id:
            raise
        return pipeline_id
    return client.known(made, "pipeline_id").pipeline_id


def _named(name: str) -> str:
    return json.dumps({"predicates": [{"operation": 1, "key": "display_name", "stringValue": name}]})
