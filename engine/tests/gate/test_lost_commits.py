"""Tests of a champion whose commit is gone, as a squash merge, a rebase or a shallow clone leaves it."""

import shutil
import subprocess

import pytest

from engine.tests.gate.test_verdicts import add_weather
from engine.tests.project import Project

DAY = ("--as-of", "2013-09-02")


@pytest.fixture
def squashed(with_champion: Project) -> Project:
    """The project with the weather, in one commit that has no history, on a machine with no images."""
    lost = with_champion.git("rev-parse", "HEAD")
    add_weather(with_champion, hours=2)
    with_champion.git("checkout", "--quiet", "--orphan", "squashed")
    with_champion.commit()
    with_champion.git("branch", "--delete", "--force", "main")
    with_champion.git("reflog", "expire", "--expire=now", "--all")
    with_champion.git("gc", "--quiet", "--prune=now")
    with pytest.raises(subprocess.CalledProcessError):
        with_champion.git("cat-file", "-e", lost)
    return without_images(with_champion)


def without_images(project: Project) -> Project:
    shutil.rmtree(project.root / ".mlops/images")
    return project


def ran(project: Project, script: str, *arguments: str, statuses: tuple[int, ...] = (0,)) -> str:
    done = project.run(script, *arguments)
    assert done.returncode in statuses, done.stdout + done.stderr
    return done.stdout


def test_champion_whose_commit_is_gone_goes_on(squashed: Project) -> None:
    first = squashed.champion()["version"]
    assert first in ran(squashed, "predict", *DAY)
    squashed.edit("mlops.yaml", ("  alarms: 2 ", "  alarms: 1 "))
    squashed.commit()
    assert "and took over" in ran(without_images(squashed), "monitor", *DAY, statuses=(1,))
    ran(without_images(squashed), "roll_back", "--reason", "a test")
    assert first in ran(squashed, "predict", *DAY)

    squashed.edit("mlops.yaml", ("max_iter: 100", "max_iter: 90"))
    _, verdict = without_images(squashed).gate(*DAY)
    assert verdict["models"]["champion"]["version"] == first
    squashed.git("checkout", "--quiet", "mlops.yaml")

    ran(without_images(squashed), "train", *DAY)
    assert squashed.champion()["version"] != first


def test_champion_without_kept_contexts_says_what_to_do(squashed: Project) -> None:
    shutil.rmtree(squashed.root / ".mlops/models/models/flight-delays/contexts")
    done = squashed.run("predict", *DAY)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert f"run git fetch origin {squashed.champion()['code_sha']}, or" in done.stderr
