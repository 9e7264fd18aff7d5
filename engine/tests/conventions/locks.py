"""How the packages of components are locked."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.version import Version

from engine.tests.conventions.images import DOCKERFILES, SERVER
from engine.tests.conventions.rules import breach, found, imported_files, imports_at_run_time, parsed, rule

TRAINING = "components/train_model/requirements.txt"
HASH = f" \\\n    --hash=sha256:{'0' * 64}\n"


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
