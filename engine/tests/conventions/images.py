"""What goes into the image of a component."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import (
    Breach,
    breach,
    found,
    imported_files,
    instructions,
    rule,
)

LONGEST_MAIN = 80
SHAPE = ("component.py", "main.py", "Dockerfile", "requirements.in", "requirements.txt")
SERVER = "serve_model"  # no pipeline calls it, and a model's libraries are all that it shares with them
LOADS_MODELS = ("score_model", "serve_model", "train_model")
OWN_ESTIMATORS = "components/estimators.py"
DOCKERFILES = "components/*/Dockerfile"
BASE = f"FROM docker.io/library/python:3.11-slim-bookworm@sha256:{'0' * 64}\n"
INSTALL = "RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt\n"
USER = "USER 1000\n"


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
    breach("components/x/Dockerfile:2", f"{BASE}COPY engine/sources.py engine/\n", {"engine/sources.py": ""}),
    breach(
        "components/x/Dockerfile:3",
        f"{BASE}COPY engine/tables engine/tables\nCOPY engine/stores/storage.py engine/stores/\n",
        {"engine/tables/columns.py": "", "engine/stores/storage.py": ""},
    ),
    breach("components/x/Dockerfile:2", f"{BASE}COPY engine engine\n", {"engine/tables/columns.py": ""}),
)
def images_copy_whole_rooms_of_the_engine(root: Path) -> Iterator[str]:
    """Files are named only below components/, where the user adds them one by one."""
    for name, path in found(root, DOCKERFILES):
        for line, instruction, words in instructions(path.read_text()):
            for source in words[:-1] if instruction == "COPY" else ():
                is_room = source.count("/") == 1 and (root / source).is_dir()
                if not is_room and not source.startswith("components/"):
                    yield f"{name}:{line}: expected a folder of engine/, found {source}"


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
