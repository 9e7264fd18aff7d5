"""Which images the model registry and the endpoint name, so that none of them is deleted."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.command_line import SettingsError
from engine.images.images import LOCAL_REPOSITORY, WEEK, name_all, split_tag
from engine.sources import GitIndex

TAGS = re.compile(r"(?<![A-Za-z0-9_.-])[A-Za-z0-9_]+-[0-9a-f]{16}(?:-[a-z0-9]+)?(?![A-Za-z0-9_-])")
DIGESTS = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Needed:
    """Tags and digests that are named, in whatever repository: one may have been renamed since."""

    tags: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()

    def __or__(self, other: "Needed") -> "Needed":
        return Needed(self.tags | other.tags, self.digests | other.digests)

    def names(self, tags: Iterable[str], digest: str) -> bool:
        return digest in self.digests or not self.tags.isdisjoint(tags)

    def document(self) -> dict[str, list[str]]:
        return {"tags": sorted(self.tags), "digests": sorted(self.digests)}


def named_in(texts: Iterable[str]) -> Needed:
    text = "\n".join(texts)
    return Needed(frozenset(TAGS.findall(text)), frozenset(DIGESTS.findall(text)))


def of_checkout(root: Path, tags: Iterable[str]) -> Needed:
    """Those of `tags` that git's index at `root` stands for, as they are and as the newest week made them."""
    hashes = {(image.component, image.hash) for image in name_all(GitIndex(root), LOCAL_REPOSITORY).values()}
    weeks: dict[tuple[str, str], str] = {}
    kept = set()
    for tag in tags:
        component, digest, salt = split_tag(tag)
        if (component, digest) in hashes and not salt:
            kept.add(tag)
        elif (component, digest) in hashes and WEEK.fullmatch(salt):
            weeks[component, digest] = max(salt, weeks.get((component, digest), ""))
    return Needed(frozenset(kept | {f"{name}-{digest}-{week}" for (name, digest), week in weeks.items()}))


def read(path: Path) -> Needed:
    """What record_needed_images wrote."""
    expected = f"{path}: expected what record_needed_images writes"
    try:
        document = json.loads(path.read_bytes())
        return Needed(frozenset(map(str, document["tags"])), frozenset(map(str, document["digests"])))
    except FileNotFoundError:
        raise SettingsError(f"{expected}, found no such file") from None
    except (ValueError, LookupError, TypeError):
        raise SettingsError(f"{expected}, found another document") from None


def needed_here(model: str) -> Needed:
    """What this environment names: the versions of `model` in its model registry, and all on its endpoint."""
    uri, host = os.environ.get("MODEL_REGISTRY_URI"), os.environ.get("KUBEFLOW_HOST")
    if host and not uri:
        expected = "with it, because a rollback may go to any version there"
        raise SettingsError(f"KUBEFLOW_HOST: expected MODEL_REGISTRY_URI {expected}, found none")
    needed = Needed()
    if uri:
        from engine.model_registry.model_registry import ModelRegistry

        versions = list(ModelRegistry(uri, model).versions())
        needed |= named_in(json.dumps(version["images"]) for version in versions)
        print(f"{uri}: {len(versions)} versions of {model}")
    return needed | on_the_endpoint()


def on_the_endpoint() -> Needed:
    """What pipelines, schedules and the newest runs name there, if there is an endpoint."""
    host = os.environ.get("KUBEFLOW_HOST")
    if not host:
        return Needed()
    needed = named_in(_texts_on_the_endpoint())
    print(f"{host}: {len(needed.tags)} tags")
    return needed


def _texts_on_the_endpoint() -> Iterator[str]:
    """Images are in specifications, and in parameters too."""
    from engine.kubeflow import kfp_lists
    from engine.kubeflow.endpoint import connect

    with connect(Path.cwd()) as client:
        for pipeline in kfp_lists.pipelines(client, ""):
            yield from map(_text, kfp_lists.versions(client, pipeline.pipeline_id))
        yield from map(_text, kfp_lists.recurring_runs(client))
        newest = client.list_runs(page_size=kfp_lists.PAGE, sort_by="created_at desc")
        yield from map(_text, newest.runs or [])


def _text(answer: Any) -> str:
    return json.dumps(answer.to_dict(), default=str)
