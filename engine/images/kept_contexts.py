"""Build contexts in the model registry, so that a version outlives the commit that it was made from.

<uri>/models/<name>/contexts/<component>-<hash>.tar.gz, once for all versions with an equal image.
"""

import gzip
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from engine.command_line import SettingsError, WorldError
from engine.images.images import STORE, Image, recover, split_tag, stage_hashed
from engine.model_registry.model_registry import ModelRegistry
from engine.sources import File, Files
from engine.stores.storage import LostRace, NotFound


def keep_contexts(registry: ModelRegistry, images: Iterable[Image]) -> None:
    """Keep the staged contexts of `images`; one that is kept already is not written again."""
    kept = {*registry.documents.store.names()}
    for image in images:
        if (key := context_key(image.component, image.hash)) in kept:
            continue
        try:
            registry.documents.store.swap(key, packed(image.path), None)
        except LostRace:  # another command kept the same files
            continue


def recover_image(reference: str, commit: str, root: Path, registry: ModelRegistry) -> Image:
    """The image `reference`, staged at `root`: from the model registry, or else from its `commit`."""
    repository, _, tag = reference.partition("@")[0].rpartition(":")
    component, digest, salt = split_tag(tag)
    path = root / STORE / f"{component}-{digest}"
    if path.is_dir():
        return Image(component, digest, f"{repository}:{tag}", path)
    key = context_key(component, digest)
    try:
        content, _ = registry.documents.store.read(key)
    except NotFound:
        return _from_commit(reference, commit, root, registry)
    here = f"{registry.documents.uri}/{key}"
    return stage_hashed(component, digest, Files(root, unpacked(content, here)), repository, salt, here)


def _from_commit(reference: str, commit: str, root: Path, registry: ModelRegistry) -> Image:
    try:
        return recover(reference, commit, root)
    except SettingsError:
        raise SettingsError(
            f"image {reference}: expected its files in {registry.documents.uri}/contexts or in this clone's"
            f" commit {commit}, found neither; run git fetch origin {commit}, or git fetch --unshallow, or"
            " train and promote a new model in another MODEL_REGISTRY_URI"
        ) from None


def context_key(component: str, digest: str) -> str:
    return f"contexts/{component}-{digest}.tar.gz"


def packed(folder: Path) -> bytes:
    """The files below `folder` as a compressed archive; equal files give equal bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = path.stat().st_size, path.stat().st_mode & 0o777
            with path.open("rb") as content:
                archive.addfile(member, content)
    return gzip.compress(buffer.getvalue(), mtime=0)


def unpacked(content: bytes, here: str) -> dict[str, File]:
    """The files of an archive, by path. Nothing is written, and no link is followed."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            members = [member for member in archive if member.isreg()]
            return {
                member.name: File(stream.read(), bool(member.mode & 0o100))
                for member in members
                if (stream := archive.extractfile(member))
            }
    except (tarfile.TarError, EOFError, OSError) as error:
        raise WorldError(
            f"{here}: expected an archive, found another file ({error}); delete it to read the commit instead"
        ) from None
