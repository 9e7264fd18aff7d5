"""What moved is rewritten in the user's code: imports, names, strings, COPY lines and paths."""

import json
import re
from pathlib import Path

import pytest

from engine.tests.update.repositories import ROOT
from engine.update.dockerfiles import rewrite_dockerfile
from engine.update.moves import Moves
from engine.update.python_code import rewrite_python

MODULES = {
    "a.tables": "engine.tables",
    "a.storage": "engine.stores.files",
    "a.kind": "engine.kind",
    "lib": "engine.lib",
}
PATHS = {"a/tables.py": "engine/tables/__init__.py", "a/kind.py": "engine/kind.py", "lib": "engine/lib"}


@pytest.fixture
def moves(tmp_path: Path) -> Moves:
    """A tree in which the user's own lib/mine.py is still where it was."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/mine.py").touch()
    return Moves(tmp_path, MODULES, PATHS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import a.tables\na.tables.read()", "import engine.tables\nengine.tables.read()"),
        ("import a.tables as t, os\n", "import engine.tables as t, os\n"),
        ("from a import tables", "from engine import tables"),
        ("from a import storage", "from engine.stores import files as storage"),
        ("from a import storage as s", "from engine.stores import files as s"),
        (
            "from a.tables import (\n    read,\n    write as w,\n)",
            "from engine.tables import read, write as w",
        ),
        ("from a.tables import *", "from engine.tables import *"),
        ("from a import tables, kind, own", "from engine import tables, kind\nfrom a import own"),
        (
            "def f():\n    from a import storage, own  # késő\n",
            "def f():\n    from engine.stores import files as storage\n    from a import own  # késő\n",
        ),
        ("from lib import mine, other", "from lib import mine\nfrom engine.lib import other"),
        ("import lib.mine\nlib.mine.day()", "import lib.mine\nlib.mine.day()"),
        ("patch('a.tables.read')", "patch('engine.tables.read')"),
        (
            "é = 'a.tables', \"lib/x.yaml\", 'lib/mine.py'",
            "é = 'engine.tables', \"engine/lib/x.yaml\", 'lib/mine.py'",
        ),
        ("f'{root}, a/kind.py'", "f'{root}, engine/kind.py'"),
        ("a.tables.read()", "a.tables.read()"),
        ("from . import tables", "from . import tables"),
        ("from a import tables:", "from a import tables:"),
        (
            "print('xa/kind.py', 'a/kind.pyc', 'b/a/kind.py')",
            "print('xa/kind.py', 'a/kind.pyc', 'b/a/kind.py')",
        ),
    ],
)
def test_rewrite_python_renames_moved_modules(moves: Moves, old: str, new: str) -> None:
    assert rewrite_python(old, moves) == new
    assert rewrite_python(new, moves) == new


def test_an_import_that_gets_too_long_is_broken(moves: Moves) -> None:
    names = [f"name_of_something_{number}" for number in range(6)]
    lines = "".join(f"        {name},\n" for name in names)
    assert rewrite_python(f"if True:\n    from a.kind import {', '.join(names)}\n", moves) == (
        f"if True:\n    from engine.kind import (\n{lines}    )\n"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("COPY a/kind.py a/\n", "COPY engine/kind.py engine/\n"),
        ("COPY a/kind.py a/own.py \\\n     a/\n", "COPY engine/kind.py engine/\nCOPY a/own.py a/\n"),
        ("COPY a/kind.py a/kind.py ./\n", "COPY engine/kind.py ./\n"),
        ("COPY a/tables.py a/\n", "COPY engine/tables engine/tables\n"),
        ("COPY lib lib\n", "COPY engine/lib engine/lib\n"),
        ("COPY lib/mine.py lib/\n", "COPY lib/mine.py lib/\n"),
        ("COPY --chown=1 a/kind.py x/\n", "COPY --chown=1 engine/kind.py x/\n"),
        ("RUN python -m a.tables\n", "RUN python -m engine.tables\n"),
        ('CMD ["python", "-m", "a.tables"]\n', 'CMD ["python", "-m", "engine.tables"]\n'),
    ],
)
def test_rewrite_dockerfile_renames_moved_paths(moves: Moves, old: str, new: str) -> None:
    assert rewrite_dockerfile(old, moves) == new
    assert rewrite_dockerfile(new, moves) == new


def test_moves_of_several_versions_follow_each_other(tmp_path: Path) -> None:
    tables = {
        "1.9.0": {"modules": {"a": "b"}, "paths": {"a": "b"}},
        "1.10.0": {"modules": {"b.c": "d"}, "paths": {"b/c.py": "d.py"}},
    }
    for version, table in tables.items():
        (tmp_path / f"{version}.json").write_text(json.dumps(table))

    both, newest = (Moves.since(version, tmp_path, tmp_path) for version in ("1.9.0", "1.9.1"))

    assert (both.module("a.x"), both.module("b.c.f"), newest.module("a.x")) == ("b.x", "d.f", None)
    assert (both.path("a/x.py"), newest.path("b/c.py")) == ("b/x.py", "d.py")


def test_the_new_names_of_moves_exist() -> None:
    moves = Moves.since("0", ROOT)
    assert {*moves.modules, *moves.paths}
    assert [path for path in moves.paths.values() if not (ROOT / path).exists()] == []
    assert [name for name in moves.modules.values() if not is_there(name)] == []


def is_there(name: str) -> bool:
    """Whether the project has the module or package, or the module that defines the name."""
    path = ROOT / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module = path.parent.with_suffix(".py")
    return module.is_file() and bool(re.search(rf"(?m)^ *(def |class )?{path.name}\b", module.read_text()))


def test_metrics_are_imported_from_the_files_that_they_moved_to(tmp_path: Path) -> None:
    moves = Moves.since("0", tmp_path)
    old = "from components.shared.metrics import METRICS, Undefined, roc_auc\n"
    assert rewrite_python(old, moves).splitlines() == [
        "from engine.metrics.metrics import METRICS",
        "from engine.metrics.metric import Undefined",
        "from engine.metrics.influences import roc_auc",
    ]
    copied = "COPY components/shared/metrics.py components/shared/\n"
    assert rewrite_dockerfile(copied, moves) == "COPY engine/metrics engine/metrics\n"
