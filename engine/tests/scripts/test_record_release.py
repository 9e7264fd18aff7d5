"""Test of scripts/record_release.py."""

from pathlib import Path

from engine.gate import released_files
from engine.sources import WorkTree
from engine.tests.scripts.steps import Step


def test_record_release_lists_the_files_of_the_template(tmp_path: Path) -> None:
    for name in ("engine/a.py", ".github/CODEOWNERS", "mlops.yaml", "components/load_data/main.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    done = Step(tmp_path, "record_release")

    assert (done.status, done.printed) == (0, ".github/release.sha256: 1 files\n"), done.error
    assert {*released_files.read(tmp_path)} == {"engine/a.py"}
    files = WorkTree(tmp_path)
    assert released_files.hashes(files, files.paths) == released_files.read(tmp_path)
