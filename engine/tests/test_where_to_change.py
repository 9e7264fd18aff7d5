"""Each possible change of "Where to change what" in docs/architecture.md works with the files of its row."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from engine.tests.project import ROOT, Project
from engine.tests.standins.message_receiver import message_receiver

PAGE = (ROOT / "docs/architecture.md").read_text().partition("## Where to change what")[2]
ROWS = dict(re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \|$", PAGE))
NOT_POSSIBLE = {"a second model"}
CHECK = """from pathlib import Path
from engine.settings.settings import load
settings = load(Path("mlops.yaml"))
"""


@pytest.fixture
def copy(fresh: Project, tmp_path: Path) -> Project:
    return fresh.copied_to(tmp_path / "copy")


def python(copy: Project, program: str) -> str:
    """What `program` prints, run in the copy."""
    done = subprocess.run([sys.executable, "-c", program], cwd=copy.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def compiled(copy: Project, pipeline: str) -> str:
    done = copy.run("compile_pipelines")
    assert done.returncode == 0, done.stderr
    return (copy.root / f"build/pipelines/{pipeline}.yaml").read_text()


def assert_changed_as_documented(copy: Project, change: str) -> None:
    """The changed files are those of the table's row, at most three."""
    copy.git("add", "--all")
    changed = copy.git("diff", "--cached", "--name-only").splitlines()
    named = re.findall(r"`([\w/]+\.(?:in|py|yaml))`", ROWS[change])
    assert sorted(changed) == sorted(named) and 1 <= len(changed) <= 3


def test_table_has_ten_changes_and_says_why_one_is_not_possible() -> None:
    changes = set(ROWS) - {"change"}
    assert len(changes) == 10
    assert {change for change in changes if "not possible" in ROWS[change]} == NOT_POSSIBLE
    assert all(", because " in ROWS[change] for change in NOT_POSSIBLE)


def test_another_metric_is_one_file_and_one_setting(copy: Project) -> None:
    metric = """from engine.metrics.metric import Floats, Metric, RowScores, row_mean


def squared_gap(label: Floats, prediction: Floats) -> RowScores:
    return (label - prediction) ** 2


METRICS: list[Metric] = [row_mean(squared_gap, "lower is better", ["binary"])]
"""
    empty = "from engine.metrics.metric import Metric\n\nMETRICS: list[Metric] = []\n"
    copy.edit("components/metrics.py", (empty, metric))
    copy.edit("mlops.yaml", ("name: roc_auc", "name: squared_gap"))

    estimate = "import numpy as np\nfrom engine.metrics.known_metrics import known_metrics\n"
    estimate += "metric = known_metrics()[settings.metric.name]\n"
    estimate += "print(metric.estimate(np.array([1.0, 0.0]), np.array([0.5, 0.5]))[0])"
    assert python(copy, CHECK + estimate) == "0.25"
    assert_changed_as_documented(copy, "another metric")


def test_another_model_library_is_two_files_and_one_setting(copy: Project, tmp_path: Path) -> None:
    (tmp_path / "newboost.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n\n\nclass Boosted(LogisticRegression): ...\n"
    )
    own = (copy.root / "components/estimators.py").read_text()
    copy.edit("components/estimators.py", (own, f"{own}\nfrom newboost import Boosted as Boosted\n"))
    copy.edit("components/train_model/requirements.in", ("joblib\n", "joblib\nnewboost\n"))
    estimator = "sklearn.ensemble.HistGradientBoostingClassifier"
    copy.edit("mlops.yaml", (estimator, "components.estimators.Boosted"))
    made = f"import sys\nsys.path.append({str(tmp_path)!r})\n"
    made += "from engine.training.estimators import make_estimator\n"
    made += "training = {**settings.training.model_dump(), 'parameters': {'C': 0.5}}\n"
    made += "estimator = make_estimator(training, 'binary')\n"
    made += "print(type(estimator).__module__, estimator.C, estimator.random_state)"
    assert python(copy, CHECK + made) == "newboost 0.5 1"
    assert locked_where_models_are_loaded(copy) == ["newboost"]
    assert_changed_as_documented(copy, "another model library")


def locked_where_models_are_loaded(copy: Project) -> list[str]:
    """What `make lock` adds to the requirements of score_model and serve_model."""
    rule = "libraries:\n\t@$(LIBRARIES)\n"
    command = ["make", "--no-print-directory", "--file", "Makefile", "--eval", rule, "libraries"]
    done = subprocess.run(command, cwd=copy.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_another_notification_needs_an_address_alone(copy: Project) -> None:
    assert "`NOTIFY_URL`" in ROWS["another notification"]
    variables = {"GITHUB_REPOSITORY": "acme/flights", "GITHUB_RUN_ID": "7"}
    with message_receiver() as first, message_receiver() as second:
        addresses = f"{first.address} {second.address}"
        done = copy.run("ci.notify", "training", "--news", "it lost", **variables, NOTIFY_URL=addresses)

    assert done.returncode == 0, done.stderr
    assert [len(each.messages) for each in (first, second)] == [1, 1]
    assert copy.git("status", "--porcelain") == ""


def test_another_guardrail_is_one_setting(copy: Project) -> None:
    copy.edit("mlops.yaml", ("  guardrails:\n", "  guardrails:\n    accuracy: {margin: 0.02}\n"))

    assert python(copy, CHECK + "print(settings.policies.guardrails.accuracy.margin)") == "0.02"
    assert_changed_as_documented(copy, "another guardrail")


def test_another_store_is_read_and_written(copy: Project) -> None:
    opened = '    if scheme == "s3" and'
    nfs = '    if scheme == "nfs" and rest.startswith("/"):\n        return FileStore(Path(rest))\n'
    copy.edit("engine/stores/storage.py", (opened, nfs + opened))
    copy.edit("engine/settings/settings_types.py", ("(file:///|s3://", "(file:///|nfs:///|s3://"))

    uri = f"nfs://{copy.root}/build/stored"
    program = f"from engine.stores.storage import read_bytes, write_bytes\nwrite_bytes('{uri}/a', b'kept')\n"
    assert python(copy, program + f"print(read_bytes('{uri}/a').decode())") == "kept"
    table = "from pydantic import TypeAdapter\nfrom engine.settings.data_schema import Table\n"
    table += f"print(TypeAdapter(Table).validate_python({{'uri': '{uri}', 'time': 'day'}}).uri)"
    assert python(copy, table) == uri
    assert_changed_as_documented(copy, "another store")


def test_another_image_registry_is_one_setting(copy: Project) -> None:
    copy.edit("mlops.yaml", ("images: {} ", "images: {repository: registry.example/you/flights} "))

    assert python(copy, CHECK + "print(settings.images.repository)") == "registry.example/you/flights"
    assert_changed_as_documented(copy, "another image registry")


def test_another_pipeline_compiles_and_passes_its_test(copy: Project) -> None:
    for path in ("pipelines/{}.py", "tests/pipelines/test_{}.py"):
        text = (copy.root / path.format("inference")).read_text()
        text = text.replace('name="inference"', 'name="rescoring"').replace(
            "def inference(", "def rescoring("
        )
        (copy.root / path.format("rescoring")).write_text(text.replace('"inference"', '"rescoring"'))

    assert "# Name: rescoring" in compiled(copy, "rescoring")
    assert_changed_as_documented(copy, "another pipeline")


def test_a_gpu_for_a_task_is_one_setting(copy: Project) -> None:
    gpu = "memory: 2Gi, accelerator: {type: nvidia.com/gpu}}"
    copy.edit("mlops.yaml", ("memory: 2Gi}", gpu))

    spec = next(yaml.safe_load_all(compiled(copy, "training")))
    executors = spec["deploymentSpec"]["executors"].values()
    asked = [one["container"]["resources"] for one in executors if "accelerator" in str(one["container"])]
    assert [resources["accelerator"]["resourceCount"] for resources in asked] == ["1"]
    assert_changed_as_documented(copy, "a GPU for a task")


def test_another_data_source_is_joined_by_features(copy: Project) -> None:
    weather = (
        "    weather: {uri: demo/flights/weather, time: observed_at, arrives_after: 0h, history_days: 2}"
    )
    airports = '\n    airports: {uri: "s3://bucket/airports", time: opened}'
    column = "    weekday: {type: category, known: before_departure}\n"
    runways = "    runways: {type: number, known: before_departure}\n"
    copy.edit("mlops.yaml", (weather, weather + airports), (column, column + runways))
    weekday = '            "weekday": departure.day_name(),\n'
    joined = 'flights["origin"].map(tables["airports"].set_index("airport")["runways"])'
    copy.edit(
        "components/build_features/features.py", (weekday, weekday + f'            "runways": {joined},\n')
    )

    program = """import pandas as pd
from components.build_features.features import features
flights = {name: ["JFK"] for name in ("carrier", "origin", "destination", "distance")}
flights |= {"scheduled_departure": pd.to_datetime(["2013-09-02"])}
airports = pd.DataFrame({"airport": ["JFK"], "runways": [4]})
columns = features({"flights": pd.DataFrame(flights), "airports": airports}, {})
print(list(settings.data.tables), set(settings.features.columns) == set(columns), columns["runways"][0])
"""
    assert python(copy, CHECK + program) == "['flights', 'weather', 'airports'] True 4"
    assert_changed_as_documented(copy, "another data source")
