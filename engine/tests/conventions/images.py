"""What goes into the image of a component, and how it is locked."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.version import Version

from engine.tests.conventions.rules import (
    Breach,
    breach,
    found,
    imported_files,
    imports_at_run_time,
    instructions,
    parsed,
    rule,
)

LONGEST_MAIN = 80
SHAPE = ("component.py", "main.py", "Dockerfile", "requirements.in", "requirements.txt")
SERVER = "serve_model"  # no pipeline calls it, and a model's libraries are all that it shares with them
LOADS_MODELS = ("score_model", "serve_model", "train_model")
OWN_ESTIMATORS = "components/estimators.py"
TRAINING = "components/train_model/requirements.txt"
DOCKERFILES = "components/*/Dockerfile"
BASE = f"FROM docker.io/library/python:3.11-slim-bookworm@sha256:{'0' * 64}\n"
INSTALL = "RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt\n"
USER = "USER 1000\n"
HASH = f" \\\n    --hash=sha256:{'0' * 64}\n"


@rule(
    Breach(
        "components/load_data/main.py:1",
        {f"components/load_data/{name}": "" for name in SHAPE if name != "main.py"},
    ),
    Breach("components/loader/main.py:1", {f"components/loader/{name}": "" for name in SHAPE}),
)
def components_have_one_shape(root: Path) -> Iterator[str]:
    for folder in sorted({path.parent for _, path in found(root, "components/*/*") if path.suffix != ".pyc"}):
        name = folder.relative_to(root).as_posix()
        if not re.fullmatch(r"[a-z]+(_[a-z]+)+", folder.name):
            yield f"{name}/main.py:1: expected a name like load_data, found {folder.name}"
        shape = SHAPE[1:] if folder.name == SERVER else SHAPE
        for missing in (file for file in shape if not (folder / file).is_file()):
            yield f"{name}/{missing}:1: expected this file"


@rule(breach("components/load_data/main.py:81", "a = 1\n" * 81))
def a_main_parses_arguments_and_calls(root: Path) -> Iterator[str]:
    """The work is in a room of the engine, where it is called, tested and typed without a command line."""
    for name, path in found(root, "components/*/main.py"):
        lines = len(path.read_text().splitlines())
        if lines > LONGEST_MAIN:
            yield f"{name}:{lines}: expected at most {LONGEST_MAIN} lines of arguments and a call"


@rule(
    breach("components/x/Dockerfile:1", "FROM python:3.11-slim\n" + INSTALL + USER),
    breach(
        "components/y/Dockerfile:1",
        BASE.replace("0", "1") + INSTALL + USER,
        {"components/x/Dockerfile": BASE + INSTALL + USER},
    ),
)
def images_start_from_one_pinned_base(root: Path) -> Iterator[str]:
    first = None
    for name, path in found(root, DOCKERFILES):
        for line, instruction, words in instructions(path.read_text()):
            if instruction == "FROM":
                first = first or words[0]
                if not re.fullmatch(r"\S+:\S+@sha256:[0-9a-f]{64}", words[0]):
                    yield f"{name}:{line}: expected a base pinned by its digest, found {words[0]}"
                elif words[0] != first:
                    yield f"{name}:{line}: expected {first} as in the other images, found {words[0]}"


@rule(
    breach("components/x/Dockerfile:1", BASE),
    breach("components/x/Dockerfile:2", BASE + "USER root\n"),
    breach("components/x/Dockerfile:3", BASE + USER + 'ENTRYPOINT ["python"]\n'),
    breach("components/x/Dockerfile:2", BASE + "RUN pip install \\\n  pandas\n" + USER),
)
def images_are_locked_and_run_without_privileges(root: Path) -> Iterator[str]:
    for name, path in found(root, DOCKERFILES):
        users = []
        for line, instruction, words in instructions(path.read_text()):
            if instruction == "USER":
                users.append((line, words[0]))
            if instruction in ("ENTRYPOINT", "CMD", "ADD"):
                yield f"{name}:{line}: expected no {instruction}"
            if words[:2] == ["pip", "install"] and not {"--no-cache-dir", "--require-hashes"} <= {*words}:
                yield f"{name}:{line}: expected pip install --no-cache-dir --require-hashes"
        line, user = users[-1] if users else (1, "root")
        if not re.fullmatch(r"[1-9]\d*", user):
            yield f"{name}:{line}: expected a user by number who is not root, found {user}"


@rule(
    breach(
        "components/x/Dockerfile:2",
        BASE + "COPY components/x/main.py components/x/\n",
        {
            "components/x/main.py": "def main():\n    from engine.stores import storage\n",
            "engine/stores/storage.py": "",
        },
    ),
    breach(
        "components/x/Dockerfile:2",
        BASE + "COPY components/x/main.py components/x/component.py components/x/\n",
        {"components/x/main.py": "", "components/x/component.py": ""},
    ),
)
def images_hold_what_they_import(root: Path) -> Iterator[str]:
    for name, path in found(root, DOCKERFILES):
        copies = [
            (line, words)
            for line, instruction, words in instructions(path.read_text())
            if instruction == "COPY"
        ]
        needed = {
            file.relative_to(root).as_posix() for file in imported_files(root, path.with_name("main.py"))
        }
        copied = set()
        for line, words in copies:
            for source in words[:-1]:
                files = {
                    file.relative_to(root).as_posix()
                    for file in (root / source, *(root / source).rglob("*.py"))
                    if file.suffix == ".py"
                }
                copied |= files
                if files and not files & needed and source != OWN_ESTIMATORS:
                    yield f"{name}:{line}: expected only what main.py imports, found {source}"
        for missing in sorted(needed - copied):
            yield f"{name}:{copies[-1][0]}: expected COPY of {missing} too, main.py imports it"


@rule(
    breach("components/compare_models/Dockerfile:2", BASE + f"COPY {OWN_ESTIMATORS} components/\n"),
    breach("components/score_model/Dockerfile:1", BASE),
)
def own_estimators_are_where_models_are_loaded(root: Path) -> Iterator[str]:
    """A model names their module, and an image that judges never imports it."""
    for name, path in found(root, DOCKERFILES):
        copied = [
            line
            for line, instruction, words in instructions(path.read_text())
            if instruction == "COPY" and OWN_ESTIMATORS in words
        ]
        if path.parent.name in LOADS_MODELS and not copied:
            yield f"{name}:1: expected COPY of {OWN_ESTIMATORS}"
        if path.parent.name not in LOADS_MODELS and copied:
            yield f"{name}:{copied[0]}: expected no {OWN_ESTIMATORS}"


@rule(
    breach("components/x/requirements.txt:1", "numpy==2.4.6\n"),
    breach(
        "components/x/requirements.txt:1", f"numpy==2.4.5{HASH}", {"requirements.txt": f"numpy==2.4.6{HASH}"}
    ),
    breach("components/x/requirements.in:1", "numpy\n", {"components/x/requirements.txt": ""}),
    breach(
        "components/x/requirements.txt:1",
        f"numpy==2.4.9{HASH}",
        {"requirements.txt": f"numpy==2.4.9{HASH}", "components/y/requirements.txt": f"numpy==2.4.10{HASH}"},
    ),
    breach(
        "components/serve_model/requirements.txt:1",
        f"numpy==2.4.5{HASH}",
        {"components/train_model/requirements.txt": f"numpy==2.4.6{HASH}"},
    ),
)
def components_are_locked_alike(root: Path) -> Iterator[str]:
    """A bump may be ahead of the project's own lock, if it is one of all components."""
    newest = newest_pins(root)
    trained_with = {package: (version, TRAINING) for _, package, version, _ in pins(root / TRAINING)}
    for name, path in found(root, "components/*/requirements.txt"):
        expected = trained_with if path.parent.name == SERVER else newest
        locked = set()
        for line, package, version, hashed in pins(path):
            locked.add(package)
            wanted, where = expected.get(package, (version, name))
            if not hashed:
                yield f"{name}:{line}: expected {package} with hashes"
            elif version != wanted:
                yield f"{name}:{line}: expected {package}=={wanted} as in {where}, found {version}"
        listed = path.with_suffix(".in")
        for line, package in enumerate(listed.read_text().split() if listed.is_file() else [], 1):
            if normalized(re.match(r"[\w.-]+", package)[0]) not in locked:
                yield f"{name[:-3]}in:{line}: expected {package} in requirements.txt; run make lock"


def newest_pins(root: Path) -> dict[str, tuple[str, str]]:
    """Of each package, the newest version that the project or a component locks, and the file that does."""
    newest: dict[str, tuple[str, str]] = {}
    for name, path in found(root, "requirements.txt", "components/*/requirements.txt"):
        for _, package, version, _ in pins(path) if path.parent.name != SERVER else ():
            if package not in newest or Version(version) > Version(newest[package][0]):
                newest[package] = (version, name)
    return newest


@rule(
    breach(
        "components/x/requirements.in:1",
        "numpy\n",
        {
            "components/x/main.py": "import pandas\n",
            "components/x/Dockerfile": "",
            "components/x/requirements.txt": f"numpy==2.4.6{HASH}",
        },
    )
)
def images_install_what_they_import(root: Path) -> Iterator[str]:
    distributions = packages_distributions()
    for _, path in found(root, DOCKERFILES):
        installed = {package for _, package, _, _ in pins(path.with_name("requirements.txt"))}
        for file in imported_files(root, path.with_name("main.py")):
            tree = parsed(file)
            # What stands inside a function of the engine may be for other components.
            if file.is_relative_to(root / "engine"):
                tree = ast.Module(
                    [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], []
                )
            for line, module, _ in imports_at_run_time(tree):
                top = module.partition(".")[0]
                if top in ("components", "engine", *sys.stdlib_module_names):
                    continue
                if not installed & {normalized(each) for each in distributions.get(top, [top])}:
                    importing = file.relative_to(root).as_posix()
                    where = path.with_name("requirements.in").relative_to(root).as_posix()
                    yield f"{where}:1: expected {top}, which {importing}:{line} imports"


def pins(path: Path) -> Iterator[tuple[int, str, str, bool]]:
    """Line, package, version and whether it has a hash, of each requirement of a locked file."""
    lines = path.read_text().splitlines() if path.is_file() else []
    for number, line in enumerate(lines, 1):
        if pin := re.match(r"([\w.-]+)==(\S+)", line):
            yield number, normalized(pin[1]), pin[2], "--hash=" in "".join(lines[number : number + 1])


def normalized(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
