"""Tests of engine/gate/released_files.py: which files of the template differ from its release."""

from pathlib import Path

import pytest

from engine.gate import released_files
from engine.gate.released_files import hash_of
from engine.sources import File, WorkTree

ROOT = Path(__file__).parents[3]
ACTION, DOCKERFILE, CODE = ".github/workflows/w.yml", "engine/x/Dockerfile", "engine/x/y.py"
USES = "    - uses: actions/cache/save@{} # v{}\n"
FROM = "FROM docker.io/library/python:3.11@sha256:{}\n"


def test_the_record_equals_the_tree() -> None:
    files = WorkTree(ROOT)
    found, recorded = released_files.hashes(files, files.paths), released_files.read(ROOT)
    differing = sorted(path for path in {*found, *recorded} if found.get(path) != recorded.get(path))
    assert not differing, "these files differ from .github/release.sha256; run make record"


@pytest.mark.parametrize(
    ("path", "before", "after", "same"),
    [
        (ACTION, USES.format("a" * 40, "5.0.5"), USES.format("b" * 40, "6.0.0"), True),
        (
            ACTION,
            USES.format("a" * 40, "5.0.5"),
            USES.format("a" * 40, "5.0.5").replace("cache", "evil"),
            False,
        ),
        (ACTION, USES.format("a" * 40, "5.0.5"), USES.format("main", "5.0.5"), False),
        (ACTION, USES.format("a" * 40, "5.0.5"), USES.format("b" * 40, "6.0.0") + "    - run: make\n", False),
        (DOCKERFILE, FROM.format("a" * 64), FROM.format("b" * 64), True),
        (DOCKERFILE, FROM.format("a" * 64), FROM.format("b" * 64).replace("3.11", "3.12"), False),
        (CODE, USES.format("a" * 40, "5.0.5"), USES.format("b" * 40, "6.0.0"), False),
    ],
)
def test_only_pins_do_not_count(path: str, before: str, after: str, same: bool) -> None:
    hashes = {hash_of(path, File(text.encode(), executable=False)) for text in (before, after)}
    assert (len(hashes) == 1) == same


def test_a_mode_counts() -> None:
    assert hash_of(CODE, File(b"", executable=True)) != hash_of(CODE, File(b"", executable=False))


def test_a_file_differs_if_it_is_new_gone_or_another(tmp_path: Path) -> None:
    for name in ("same", "another", "new"):
        (tmp_path / "engine").mkdir(exist_ok=True)
        (tmp_path / f"engine/{name}.py").write_text(name)
    files = WorkTree(tmp_path)
    recorded = released_files.hashes(files, files.paths)
    del recorded["engine/new.py"]
    recorded |= {"engine/another.py": "0", "engine/gone.py": "0", "engine/not_changed.py": "0"}
    changed = [f"engine/{name}.py" for name in ("same", "another", "new", "gone")] + ["mlops.yaml"]
    found = released_files.differing(files, changed, recorded)
    assert found == ["engine/another.py", "engine/new.py", "engine/gone.py"]


@pytest.mark.parametrize(
    "path", [".github/set-up.yaml", ".github/CODEOWNERS", "infra/aws/main.tf", "mlops.yaml"]
)
def test_settings_of_the_user_are_not_owned_by_the_template(path: str) -> None:
    assert not released_files.is_owned(path)
