"""A mean of past outcomes, as docs/features.md adds it: evaluation has what inference makes of each day."""

import re
import subprocess

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.tests.project import ROOT, Project, artifact

PAGE = ROOT / "docs/features.md"
BLOCKS = re.findall(r"^```diff\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
ROLLS = ("  evaluation_days: 49\n", "  evaluation_days: 49\n  history: rolling\n")
FEATURES = "components/build_features/features.py"
OF_THE_SAME_DAY = """\
            "carrier_delay": tables["flights_history"]
            .groupby(["carrier", tables["flights_history"]["scheduled_departure"].dt.normalize()])
            .arr_delay.mean()
            .reindex(pd.MultiIndex.from_arrays([flights["carrier"], departure.normalize()]))
            .to_numpy(),
"""
AS_OF, FIRST, LATER = "2013-05-02", "2013-03-13", "2013-04-20"


def follow_the_page(project: Project) -> None:
    """The page's two changes in the project's first commit, with a smaller model and a history that rolls."""
    for block in BLOCKS:
        subprocess.run(["git", "apply"], input=block, text=True, cwd=project.root, check=True)
    project.edit("mlops.yaml", ROLLS, ("max_iter: 100", "max_iter: 20"))
    project.git("commit", "--quiet", "--all", "--amend", "--message", "The mean delay of each carrier")


def put_mean_of_the_same_day(project: Project) -> None:
    """In the place of the page's feature."""
    code = (project.root / FEATURES).read_text()
    feature = re.search(r' +"carrier_delay": recent_mean\(.*?^ +\),\n', code, re.M | re.S)
    project.edit(FEATURES, (feature[0], OF_THE_SAME_DAY))


def of_the_day(table: pa.Table, day: str, time: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.equal(pc.strftime(time, "%Y-%m-%d"), day))


def test_predict_gives_the_features_and_predictions_that_evaluation_had(project: Project) -> None:
    follow_the_page(project)
    status, verdict = project.gate("--as-of", AS_OF)
    assert (status, verdict["findings"], verdict["warnings"]) == (0, [], [])
    assert verdict["provenance"]["history"].startswith(
        "rolling: features get the outcomes of evaluation rows"
    )
    done = project.run("promote")
    assert done.returncode == 0, done.stdout + done.stderr
    evaluated = pq.read_table(artifact(project, "build-features (candidate, evaluation)", "features"))
    scores = pq.read_table(artifact(project, "score-model (candidate)", "predictions"))
    assert evaluated["carrier_delay"].null_count < 1000 and len(pc.unique(evaluated["carrier_delay"])) > 500

    for day in (FIRST, LATER):
        done = project.run("predict", "--as-of", day)
        assert done.returncode == 0, done.stdout + done.stderr
        features = pq.read_table(artifact(project, "build-features (champion, inference)", "features"))
        expected = of_the_day(evaluated, day, evaluated["scheduled_departure"])
        assert features.num_rows > 500
        assert features.drop_columns("late").equals(expected.drop_columns("late"))
        predicted = pq.read_table(artifact(project, "predict-batch (champion)", "predictions"))
        expected = of_the_day(scores, day, evaluated["scheduled_departure"])
        assert predicted["flight_id"].equals(expected["flight_id"])
        assert predicted["prediction"].equals(expected["prediction"])


def test_mean_delay_of_the_same_day_is_a_leak(project: Project) -> None:
    follow_the_page(project)
    put_mean_of_the_same_day(project)

    status, verdict = project.gate("--as-of", AS_OF)

    assert (status, verdict["verdict"]) == (1, "INVALID")
    found = verdict["findings"][0]
    assert (found["check"], found["column"]) == ("later_outcomes", "carrier_delay")
    assert "became known from 2013-01-01 on, carrier_delay differs in" in verdict["reason"]
