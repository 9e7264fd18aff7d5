"""A champion that an older release made stays usable: it is compared with, predicts, serves and rolls back.

releases/<commit>.tar.xz holds what that commit wrote for the flights: two promoted versions with the staged
images that they name, the predictions of a day, the verdict of the last gate and the decision of its monitor.
"""

import json
import tarfile
from pathlib import Path

import pytest

from engine.documents.verdicts import read_verdict
from engine.predictions.predictions import Predictions
from engine.serving.model_server import environment_of, running
from engine.tests.model_servers import ENVIRONMENTS, free_port
from engine.tests.project import Project, comparison

RELEASES = sorted((Path(__file__).parents[1] / "releases").glob("*.tar.xz"))
DAY = "2013-09-02"


@pytest.fixture(params=RELEASES, ids=lambda path: path.name.partition(".")[0])
def older(request: pytest.FixtureRequest, project: Project) -> Project:
    """The project of today with the model registry, images and predictions of an older release."""
    with tarfile.open(request.param) as archive:
        archive.extractall(project.root, filter="data")
    return project


def test_a_change_is_compared_with_the_champion_and_replaces_nothing(older: Project) -> None:
    champion = older.champion()
    older.edit("mlops.yaml", ("max_iter: 100", "max_iter: 90"))
    status, verdict = older.gate()
    assert comparison(verdict, "champion")["clusters"] == 31
    assert verdict["models"]["champion"]["version"] == champion["version"]
    assert status == (0 if verdict["passed"] else 1)
    assert older.champion() == champion


def test_the_champion_predicts_what_it_predicted(older: Project) -> None:
    predictions = Predictions((older.root / ".mlops/predictions").as_uri(), "flight-delays")
    before = predictions.manifest(DAY)
    done = older.run("predict", "--as-of", DAY)
    assert done.returncode == 0, done.stderr
    after = predictions.manifest(DAY)
    assert after["model_version"] == before["model_version"] == older.champion()["version"]
    assert after["rows"] == before["rows"]


def test_the_champion_is_monitored(older: Project) -> None:
    done = older.run("monitor", "--as-of", DAY)
    assert done.returncode in (0, 1), done.stderr
    decision = json.loads((older.root / "build/monitor/decision.json").read_text())
    assert decision["champion"]["version"] == older.champion()["version"]


def test_the_champion_serves_and_answers_its_golden_requests(older: Project, tmp_path: Path) -> None:
    (older.root / ".mlops/environments").symlink_to(ENVIRONMENTS, target_is_directory=True)
    champion = older.champion()
    code, python = environment_of(older.root, champion, older.registry)
    folder = older.root / f".mlops/models/models/flight-delays/versions/{champion['version']}"
    golden = json.loads((folder / "golden.json").read_text())
    served = (code, python, "flight-delays", folder / "model", champion["model_sha256"], free_port())
    with running(*served, tmp_path / "server.log") as server:
        server.wait_until_ready()
        answers = {output["name"]: output["data"] for output in server.infer(golden["request"])["outputs"]}
    for expected in golden["expected"]:
        assert answers[expected["name"]] == pytest.approx(expected["data"])


def test_the_champion_before_comes_back(older: Project) -> None:
    champion = older.champion()
    done = older.run("roll_back", "--reason", "an older release")
    assert done.returncode == 0, done.stderr
    assert older.champion()["version"] != champion["version"]


def test_documents_of_the_older_release_are_read(older: Project) -> None:
    assert read_verdict(older.root / "verdict.json")["passed"]
    assert older.champion()["record"]["estimator"].startswith("sklearn.")
