"""An image is a hash: stages the build context of a component, and names its image by what is in it."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from components.shared.command_line import SettingsError, WorldError
from scripts.lib.sources import File, GitTree, Source

LOCAL_REPOSITORY = "localhost/mlops"
STORE = Path(".mlops/images")


@dataclass(frozen=True)
class Image:
    component: str
    hash: str
    reference: str
    path: Path
    """The staged build context, laid out as the repository is."""


def components(source: Source) -> list[str]:
    """The components of `source`: each folder under components/ that has a Dockerfile."""
    found = (re.fullmatch(r"components/(\w+)/Dockerfile", path) for path in source.paths)
    return sorted(match[1] for match in found if match)


def stage(component: str, source: Source, repository: str = LOCAL_REPOSITORY) -> Image:
    """The image of `component` as it stands in `source`, its context staged in the store."""
    return _stage([component], source, repository)[component]


def stage_all(source: Source, repository: str = LOCAL_REPOSITORY) -> dict[str, Image]:
    """The images of all components of `source`, by component."""
    return _stage(components(source), source, repository)


def recover(reference: str, commit: str, root: Path) -> Image:
    """Stage again what `reference` names, out of the `commit` that it was made from."""
    repository, _, tag = reference.partition("@")[0].rpartition(":")
    component, _, expected = tag.rpartition("-")
    if not re.fullmatch(r"[0-9a-f]{16}", expected):
        raise SettingsError(f"image {reference}: expected a tag <component>-<16 hex digits>, found {tag!r}")
    path = root / STORE / tag
    if path.is_dir():
        return Image(component, expected, f"{repository}:{tag}", path)
    image = stage(component, GitTree(root, commit), repository)
    if image.hash != expected:
        raise WorldError(f"image {reference}: expected it in commit {commit}, found {image.reference} there")
    return image


def _stage(names: Iterable[str], source: Source, repository: str) -> dict[str, Image]:
    dockerfiles = {name: f"components/{name}/Dockerfile" for name in names}
    for name, path in dockerfiles.items():
        if path not in source.paths:
            raise SettingsError(f"component {name}: expected {path}, found no such file in {source}")
    texts = source.read(dockerfiles.values())
    contexts = {
        name: sorted({path, *_copied(path, texts[path].content.decode(), source)})
        for name, path in dockerfiles.items()
    }
    files = source.read({path for paths in contexts.values() for path in paths})
    images = {}
    for name, paths in contexts.items():
        context = {path: files[path] for path in paths}
        digest = context_hash(context)
        path = source.root / STORE / f"{name}-{digest}"
        _store(context, path)
        images[name] = Image(name, digest, f"{repository}:{path.name}", path)
    return images


def context_hash(context: dict[str, File]) -> str:
    """16 hex digits that are the same for the same paths, contents and executable bits."""
    lines = [
        [path, file.executable, hashlib.sha256(file.content).hexdigest()]
        for path, file in sorted(context.items())
    ]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:16]


def _copied(dockerfile: str, text: str, source: Source) -> Iterator[str]:
    """The files of `source` that the COPY lines of a Dockerfile name."""
    for number, instruction, *arguments in _instructions(text):
        here = f"{dockerfile}:{number}: {instruction}"
        if instruction == "ADD":
            raise SettingsError(
                f"{here}: expected COPY, for what ADD fetches is not part of the image's hash"
            )
        if instruction != "COPY" or any(each.startswith("--from=") for each in arguments):
            continue
        *copied, _target = [each for each in arguments if not each.startswith("--")]
        for name in copied:
            folder = name.removeprefix("./").strip("/")
            if folder in ("", ".") or re.search(r"[*?\[$<]|(^|/)\.\.(/|$)", folder):
                raise SettingsError(f"{here} {name}: expected a file or folder by its name in the project")
            found = [path for path in source.paths if path == folder or path.startswith(f"{folder}/")]
            if not found:
                raise SettingsError(f"{here} {name}: expected a file or folder, found none in {source}")
            yield from found


def _instructions(text: str) -> Iterator[tuple[int, str, ...]]:
    """Line number and words of each instruction of a Dockerfile."""
    words, first = [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        first = first if words else number
        words += line.split()
        if words and words[-1].endswith("\\"):
            words[-1] = words[-1][:-1]
        elif words:
            instruction, *arguments = filter(None, words)
            yield first, instruction.upper(), *arguments
            words = []


def _store(context: dict[str, File], path: Path) -> None:
    """Write the staged folder in one step; one that stands is what its name says, and stays."""
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=path.parent, prefix=".unfinished-"))
    try:
        for name, file in context.items():
            target = unfinished / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            target.chmod(0o755 if file.executable else 0o644)
        for folder in (unfinished, *(each for each in unfinished.rglob("*") if each.is_dir())):
            folder.chmod(0o755)
        unfinished.rename(path)
    except OSError:
        if not path.is_dir():  # otherwise another process was first, with the same bytes
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
