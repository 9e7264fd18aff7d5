"""Every verdict, from a change that a pull request could bring, on the flights that come with the project."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.documents.verdicts import read_verdict
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.project import Project, comparison, outputs

FEATURES = "components/build_features/features.py"
LAST_FEATURE = '            "weekday": departure.day_name(),\n'
LAST_DECLARED = "    weekday: {type: category, known: before_departure}\n"
BOOSTING = """  estimator: sklearn.ensemble.HistGradientBoostingClassifier
  parameters: {max_iter: 100, learning_rate: 0.1, max_features: 0.5, early_stopping: false}
  categories: ordinal             # ordinal | one-hot
"""
LOGISTIC = """  estimator: sklearn.linear_model.LogisticRegression
  parameters: {max_iter: 300}
  categories: one-hot
"""


def add_weather(project: Project, hours: int) -> None:
    project.edit(
        FEATURES,
        (
            '    departure = flights["scheduled_departure"].dt\n',
            f"""\
    departure = flights["scheduled_departure"].dt
    hours = pd.DataFrame({{
        "origin": flights["origin"],
        "observed_at": departure.floor("h") - pd.Timedelta(hours={hours}),
    }})
    weather = tables["weather"].drop_duplicates(["origin", "observed_at"])
    weather = hours.merge(weather, how="left").set_index(flights.index)
""",
        ),
        (
            LAST_FEATURE,
            LAST_FEATURE
            + """\
            "precipitation": weather["precip"],
            "humidity": weather["humid"],
            "pressure": weather["pressure"],
            "visibility": weather["visib"],
            "wind_speed": weather["wind_speed"],
            "temperature": weather["temp"],
""",
        ),
    )
    names = ("precipitation", "humidity", "pressure", "visibility", "wind_speed", "temperature")
    declared = "".join(f"    {name}: {{type: number, known: before_departure}}\n" for name in names)
    project.edit("mlops.yaml", (LAST_DECLARED, LAST_DECLARED + declared))


def test_first_run_has_no_champion_and_shows_a_full_report(project: Project) -> None:
    status, verdict = project.gate()

    assert (status, verdict["verdict"], verdict["passed"]) == (0, "NO_CHAMPION", True)
    assert verdict["models"]["candidate"]["value"] > verdict["models"]["dummy"]["value"] == 0.5
    assert comparison(verdict, "champion")["floor"]["passed"]
    report = (project.root / "build/gate/report.html").read_text()
    assert report.count("<svg") >= 4
    assert "NO_CHAMPION" in (project.root / "build/gate/report.md").read_text()


def test_floor_that_is_not_reached_fails(project: Project) -> None:
    project.edit("mlops.yaml", ("floor: 0.6 ", "floor: 0.7 "))
    project.commit()

    status, verdict = project.gate("--base", "HEAD")

    assert (status, verdict["verdict"], verdict["passed"]) == (1, "NO_CHAMPION", False)


def test_nothing_changed_is_identical_at_once(with_champion: Project) -> None:
    before = with_champion.runs()

    status, verdict = with_champion.gate()

    assert (status, verdict["verdict"]) == (0, "IDENTICAL")
    assert with_champion.runs() == before


def test_same_model_by_other_code_is_identical(project: Project) -> None:
    project.edit(FEATURES, ('"carrier": flights["carrier"]', '"carrier": flights["carrier"].copy()'))

    status, verdict = project.gate()

    assert (status, verdict["verdict"]) == (0, "IDENTICAL")
    assert comparison(verdict, "control")["difference"] == 0


def test_weather_two_hours_earlier_is_better_and_is_promoted(with_champion: Project) -> None:
    first = with_champion.champion()
    add_weather(with_champion, hours=2)

    status, verdict = with_champion.gate("--as-of", "2013-09-02")

    assert (status, verdict["verdict"]) == (0, "BETTER")
    assert comparison(verdict, "control")["lower"] > 0
    assert comparison(verdict, "champion")["lower"] > 0
    refused = with_champion.run("promote")
    assert refused.returncode == 2 and "commit it first" in refused.stderr

    with_champion.commit()
    assert with_champion.run("promote").returncode == 0
    second = with_champion.champion()
    assert second["version"] != first["version"]
    assert second["model_sha256"] == verdict["models"]["candidate"]["model_sha256"]


@pytest.mark.parametrize("change", ["estimator", "seed"])
def test_interval_alone_tells_a_refactoring_from_a_doubt(project: Project, change: str) -> None:
    if change == "estimator":
        project.edit("mlops.yaml", (BOOSTING, LOGISTIC))
        project.commit()
        project.edit("mlops.yaml", (LOGISTIC, BOOSTING))
    else:
        project.edit("mlops.yaml", ("seed: 1", "seed: 2"))

    status, verdict = project.gate("--base", "HEAD")

    found = comparison(verdict, "control")
    assert found["lower"] < 0 < found["upper"]
    assert verdict["verdict"] == ("NON_INFERIOR" if found["lower"] > -found["margin"] else "INCONCLUSIVE")
    mode = "not-worse" if change == "seed" else "improve"
    assert found["mode"] == mode, "with no champion the control has to be beaten, unless by an update"
    assert status == (0 if mode == "not-worse" and verdict["verdict"] == "NON_INFERIOR" else 1)


def test_crippled_model_is_worse_though_it_was_trained_later(with_champion: Project) -> None:
    with_champion.edit(
        "mlops.yaml", ("max_iter: 100, learning_rate: 0.1", "max_iter: 1, learning_rate: 0.1, max_depth: 1")
    )

    status, verdict = with_champion.gate("--as-of", "2013-10-02")

    assert (status, verdict["verdict"]) == (1, "WORSE")
    assert comparison(verdict, "control")["upper"] < -comparison(verdict, "control")["margin"]


def test_delay_at_departure_is_leakage(project: Project) -> None:
    project.edit(FEATURES, (LAST_FEATURE, f'{LAST_FEATURE}            "dep_delay": flights["dep_delay"],\n'))
    project.edit(
        "mlops.yaml",
        (LAST_DECLARED, f"{LAST_DECLARED}    dep_delay: {{type: number, known: after_arrival}}\n"),
    )

    status, verdict = project.gate()

    assert (status, verdict["verdict"]) == (1, "INVALID")
    assert "dep_delay" in verdict["reason"]


def test_champion_goes_through_its_own_features(with_champion: Project) -> None:
    """The candidate's distance is in another unit, which the champion's trees never saw."""
    with_champion.edit(
        FEATURES, ('"distance": flights["distance"]', '"distance": flights["distance"] / 6000')
    )
    with_champion.edit("mlops.yaml", ("max: 6000", "max: 1"))

    _, verdict = with_champion.gate("--as-of", "2013-09-02")

    assert verdict["models"]["champion"]["value"] == pytest.approx(as_champion_scores_itself(with_champion))


def test_champion_is_scored_by_its_own_libraries(with_champion: Project) -> None:
    relock(with_champion, "train_model", "scikit-learn==1.8.0")
    relock(with_champion, "score_model", "scikit-learn==1.8.0")

    _, verdict = with_champion.gate("--as-of", "2013-09-02")

    assert outputs(with_champion, "train-model (candidate)", "record")["libraries"]["scikit-learn"] == "1.8.0"
    assert outputs(with_champion, "train-model (control)", "record")["libraries"]["scikit-learn"] != "1.8.0"
    assert verdict["models"]["champion"]["value"] == pytest.approx(as_champion_scores_itself(with_champion))


def as_champion_scores_itself(project: Project) -> float:
    """ROC AUC of the champion in August, by its committed code in a checkout of its own."""
    project.git("checkout", "--quiet", "--", ".")
    project.edit("mlops.yaml", ("seed: 1", "seed: 3"))  # otherwise there is nothing to gate
    _, verdict = project.gate("--as-of", "2013-09-02")
    return verdict["models"]["champion"]["value"]


def relock(project: Project, component: str, requirement: str) -> None:
    folder = project.root / "components" / component
    name = requirement.partition("=")[0]
    wanted = [line for line in (folder / "requirements.in").read_text().split() if line != name]
    (folder / "requirements.in").write_text("\n".join([*wanted, requirement, ""]))
    uv = Path(sys.executable).with_name("uv")
    options = ["--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet"]
    subprocess.run(
        [uv, "pip", "compile", *options, "requirements.in", "-o", "requirements.txt"], cwd=folder, check=True
    )


def test_a_change_whose_code_fails_is_invalid_and_the_log_says_why(project: Project) -> None:
    project.edit(
        FEATURES,
        ('    departure = flights["scheduled_departure"].dt\n', '    raise ValueError("no departure")\n'),
    )

    done = project.run("gate")

    verdict = read_verdict(project.root / "build/gate/verdict.json")
    assert (done.returncode, verdict["verdict"], verdict["passed"]) == (1, "INVALID", False)
    assert "build-features (candidate, training)" in verdict["reason"]
    assert "no departure" in done.stderr and "no departure" not in verdict["reason"]


def test_unreadable_model_registry_is_no_missing_champion(with_champion: Project) -> None:
    with_champion.edit(".mlops/models/models/flight-delays/champion.json", ('"version"', '"verzion"'))

    done = with_champion.run("gate")

    assert done.returncode == 3
    assert "champion.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_model_registry_on_s3_serves_the_whole_path(project: Project, s3_folder: str, seaweedfs) -> None:
    environment = {
        **seaweedfs.environment("admin"),
        "MODEL_REGISTRY_URI": s3_folder,
        "RESULTS_URI": f"{s3_folder}/results",
    }
    assert project.gate("--as-of", "2013-05-02", **environment)[0] == 0
    assert project.run("promote", **environment).returncode == 0
    assert ModelRegistry(s3_folder, "flight-delays").champion()

    assert project.gate(**environment)[1]["verdict"] == "IDENTICAL"
