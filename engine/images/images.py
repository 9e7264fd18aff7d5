"""An image is a hash: stages the build context of a component, and names its image by what is in it."""

import hashlib
import re
import shutil
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.command_line import SettingsError, WorldError
from engine.sources import File, GitTree, Source

LOCAL_REPOSITORY = "localhost/mlops"
STORE = Path(".mlops/images")
DOCKERFILE = re.compile(r"components/([A-Za-z0-9_]+)/Dockerfile")
ANY_DOCKERFILE = re.compile(r"components/([^/]+)/Dockerfile")
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
TAG = re.compile(r"([A-Za-z0-9_]+)-([0-9a-f]{16})(?:-([a-z0-9]+))?")
WEEK = re.compile(r"\d{4}w\d\d")
"""The salt of a week's images, the ISO week they were built in."""
IGNORE_FILES = (".containerignore", ".dockerignore")
COPIES_OR_GOES_ON = re.compile(r"^\s*(copy|add)\s|\\\s*$", re.IGNORECASE)
BY_NAME = re.compile(r"(?!(.*/)?\.\.?(/|$))[^*?\[$<]+")
"""A path with no pattern, no variable, and no "." or ".." in it."""


@dataclass(frozen=True)
class Image:
    component: str
    hash: str
    reference: str
    path: Path
    """The staged build context, laid out as the repository is."""

    @property
    def tag(self) -> str:
        return self.reference.partition("@")[0].rpartition(":")[2]


def components(source: Source) -> list[str]:
    """The components of `source`: each folder under components/ that has a Dockerfile."""
    folders = sorted(match[1] for match in map(ANY_DOCKERFILE.fullmatch, source.paths) if match)
    for folder in () if source.is_past else folders:
        if not DOCKERFILE.fullmatch(f"components/{folder}/Dockerfile"):
            raise SettingsError(
                f"components/{folder}: expected a name of letters, digits and _, as load_data; rename it"
            )
    return [folder for folder in folders if DOCKERFILE.fullmatch(f"components/{folder}/Dockerfile")]


def name_all(source: Source, repository: str, salt: str = "") -> dict[str, Image]:
    """The images of all components of `source`, by component; nothing is staged."""
    contexts = _contexts(components(source), source)
    return {name: _image(name, paths, source, repository, salt) for name, paths in contexts.items()}


def copied_paths(source: Source) -> set[str]:
    """The files of `source` that any of its images is built from."""
    return {path for paths in _contexts(components(source), source).values() for path in paths}


def stage(component: str, source: Source, repository: str = LOCAL_REPOSITORY, salt: str = "") -> Image:
    """The image of `component` as it stands in `source`, its context staged in the store."""
    return _stage(_contexts([component], source), source, repository, salt)[component]


def stage_all(
    source: Source, repository: str = LOCAL_REPOSITORY, root: Path | None = None
) -> dict[str, Image]:
    """The images of all components of `source`, by component, in the store of `root` (default: its own)."""
    return _stage(_contexts(components(source), source), source, repository, "", root)


def built_from(checkout: Path, image: Image) -> tuple[str, str]:
    """Where `checkout`, a path from here, has the staged context of `image`, and its Dockerfile there."""
    context = checkout / STORE / image.path.name
    return context.as_posix(), f"{context.as_posix()}/components/{image.component}/Dockerfile"


def recover(reference: str, commit: str, root: Path) -> Image:
    """Stage again what `reference` names, out of the `commit` that it was made from."""
    repository, _, tag = reference.partition("@")[0].rpartition(":")
    component, digest, salt = split_tag(tag)
    return stage_hashed(component, digest, GitTree(root, commit), repository, salt, f"commit {commit}")


def stage_hashed(
    component: str, digest: str, source: Source, repository: str, salt: str, origin: str
) -> Image:
    """The image of `component` as it stands in `source`, staged only if its hash is `digest`."""
    contexts = _contexts([component], source)
    image = _image(component, contexts[component], source, repository, salt)
    if image.hash != digest:
        expected = f"{repository}:{component}-{digest}"
        raise WorldError(f"image {expected}: expected it in {origin}, found {image.reference} there")
    return _stage(contexts, source, repository, salt)[component]


def split_tag(tag: str) -> tuple[str, str, str]:
    """Component, hash and salt (or "") of an image's tag."""
    match = TAG.fullmatch(tag)
    if not match:
        raise SettingsError(f"image: expected a tag <component>-<16 hex digits>, found {tag!r}")
    return match[1], match[2], match[3] or ""


def _contexts(names: Iterable[str], source: Source) -> dict[str, list[str]]:
    """The files of each component's build context: its Dockerfile, and what that copies."""
    dockerfiles = {name: f"components/{name}/Dockerfile" for name in names}
    for name, path in dockerfiles.items():
        if not _below(path, source):
            raise SettingsError(f"component {name}: expected {path}, found no such file in {source}")
    texts = source.read(dockerfiles.values())
    contexts = {
        name: sorted({path, *_copied(path, texts[path].content.decode(errors="replace"), source)})
        for name, path in dockerfiles.items()
    }
    if not source.is_past:
        _refuse_ignore_files(contexts, source)
    return contexts


def _refuse_ignore_files(contexts: dict[str, list[str]], source: Source) -> None:
    """Fail if a builder would leave out files that are part of the image's hash."""
    for name, paths in contexts.items():
        beside = [f"components/{name}/Dockerfile{kind}" for kind in IGNORE_FILES]
        ignoring = {*IGNORE_FILES} & {*paths} or {path for path in beside if _below(path, source)}
        if ignoring:
            raise SettingsError(
                f"{min(ignoring)}: expected no such file in the build context of {name}, which has what its"
                " Dockerfile copies; delete it, and name fewer files in COPY"
            )


def _image(
    component: str, paths: list[str], source: Source, repository: str, salt: str, root: Path | None = None
) -> Image:
    """16 hex digits stand for paths, contents and executable bits; a salt makes another image of the same."""
    lines = (f"{entry.mode} {entry.blob}\t{path}\0" for path in paths if (entry := source.entry(path)))
    tag = f"{component}-{hashlib.sha256(''.join(lines).encode(errors='surrogateescape')).hexdigest()[:16]}"
    path = _store_of(root or source.root) / tag
    return Image(component, tag[-16:], f"{repository}:{tag}{salt and '-'}{salt}", path)


@cache
def _store_of(root: Path) -> Path:
    return root / STORE


def _stage(
    contexts: dict[str, list[str]], source: Source, repository: str, salt: str, root: Path | None = None
) -> dict[str, Image]:
    """The images of `contexts`; one that stands in the store is what its name says, and stays."""
    images = {name: _image(name, paths, source, repository, salt, root) for name, paths in contexts.items()}
    missing = [name for name, image in images.items() if not image.path.is_dir()]
    files = source.read({path for name in missing for path in contexts[name]})
    if not source.is_past:
        _refuse_lfs_pointers(files)
    for name in missing:
        _store({path: files[path] for path in contexts[name]}, images[name].path)
    return images


def _refuse_lfs_pointers(files: dict[str, File]) -> None:
    for path, file in sorted(files.items()):
        if file.content.startswith(LFS_POINTER):
            raise SettingsError(
                f"{path}: expected the file itself, found a Git LFS pointer, which is all that git has of it;"
                " keep the files of an image in git, or load them when a task runs"
            )


def _copied(dockerfile: str, text: str, source: Source) -> Iterator[str]:
    """The files of `source` that the COPY lines of a Dockerfile name."""
    for number, instruction, arguments in _instructions(text):
        if instruction not in ("ADD", "COPY"):
            continue
        here = f"{dockerfile}:{number}: {instruction}"
        if instruction == "ADD":
            raise SettingsError(
                f"{here}: expected COPY, because files that ADD fetches are not part of the image's hash"
            )
        options = [each for each in arguments if each.startswith("--")]
        if any(each.startswith("--from=") for each in options):
            continue
        for name in arguments[len(options) : -1]:
            folder = name.removeprefix("./").strip("/")
            if not BY_NAME.fullmatch(folder):
                raise SettingsError(f"{here} {name}: expected a file or folder by its name in the project")
            paths = _below(folder, source)
            if not paths:
                raise SettingsError(f"{here} {name}: expected a file or folder, found none in {source}")
            yield from paths


def _below(name: str, source: Source) -> list[str]:
    """The file called `name`, or the files of the folder called so."""
    paths = source.paths
    start = bisect_left(paths, name)
    if paths[start : start + 1] == [name]:
        return [name]
    return paths[bisect_left(paths, f"{name}/") : bisect_left(paths, f"{name}0")]  # "0" comes after "/"


def _instructions(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line number and words of each instruction of a Dockerfile that copies, and of some that do not."""
    words: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        if (not words and not COPIES_OR_GOES_ON.search(line)) or line.lstrip().startswith("#"):
            continue
        first = first if words else number
        words += line.split()
        if words and words[-1].endswith("\\"):
            words[-1] = words[-1][:-1]
        elif words:
            instruction, *arguments = filter(None, words)
            yield first, instruction.upper(), arguments
            words = []


def _store(context: dict[str, File], path: Path) -> None:
    """Write the staged folder in one step."""
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
