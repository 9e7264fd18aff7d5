"""Test of scripts/repair_champion.py: a lost pointer stops the gate, and comes back from the ledger."""

from pathlib import Path

from engine.tests.model_versions import register, verdict_on
from engine.tests.project import Project


def test_command_repairs_the_champion(fresh: Project, tmp_path: Path) -> None:
    project = fresh.copied_to(tmp_path / "project")
    registry = project.registry
    version = register(registry, tmp_path, "a")
    registry.promote(version, "", verdict_on("a"))
    (project.root / ".mlops/models/models/flight-delays/champion.json").unlink()
    done = project.run("gate")
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
    done = project.run("repair_champion")
    assert (done.returncode, done.stdout) == (
        0,
        f"flight-delays: the champion is {version}, move 1 of the ledger\n",
    )
    assert project.champion()["version"] == version
    again = project.run("repair_champion")
    assert again.returncode == 2 and "expected no such file, found one; it stays" in again.stderr
