"""Tests of engine/settings/settings.py: what mlops.yaml means, and what is said of a mistake in it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.settings.settings import load, parse

TEXT = """\
model: houses
data:
  as_of: 2024-03-01
  tables:
    sales: {uri: data/my sales, time: sold_at}
    rates: {uri: "s3://bank/rates", time: day, history_days: 7}
  rows: sales
  key: sale_id
label: {name: sold, type: binary, matures_after_days: 1}
windows: {training_days: 60, evaluation_days: 30}
features:
  moments: [before_sale, after_sale]
  predict_at: before_sale
  columns:
    district: {type: category, known: before_sale}
    area: {type: number, known: before_sale, min: 0, max: 900}
training:
  estimator: sklearn.linear_model.LogisticRegression
  parameters: {C: 1e-3, max_iter: 100, fit_intercept: true}
  categories: one-hot
  seed: 1
metric: {name: roc_auc, floor: 0.6}
policies:
  references:
    pull_request: {champion: improve, control: not-worse}
    promotion: {champion: improve}
  confidence: 0.95
  min_effect: 0
  margin: 0.005
  inconclusive: fail
  cluster: day
  minimum_rows: 1000
  minimum_clusters: 10
  slices: {columns: [district], minimum_rows: 500}
  guardrails:
    log_loss: {margin: 0.01}
    model_bytes: {maximum: 1000}
images: {repository: docker.io/you/houses}
resources:
  train_model: {cpu: 2, memory: 4Gi}
"""

RUN = 'schedules: {runs: {nightly: {pipeline: training, cron: "%s"}}}\nimages:'

SERVE = "serving: {namespace: models, %s}\nimages:"

MISTAKES = [
    # what KServe would trip over
    ("images:", SERVE % "mode: serverless", "38: serving.mode: expected standard or knative, found"),
    ("images:", SERVE % "gateway: kserve", "38: serving.gateway: expected namespace/name of a Gateway"),
    (
        "images:",
        SERVE % "storage: {endpoint: store:8333}",
        "38: serving.storage.endpoint: expected http:// or https:// with host and port",
    ),
    (
        "images:",
        SERVE % "storage: {credentials: irsa}",
        "38: serving.storage: expected role_arn with credentials irsa, and with no other",
    ),
    ("images:", SERVE % "gateway: a/b, canary: {steps: [101]}", "38: serving.canary.steps.0: expected "),
    (
        "images:",
        SERVE % "gateway: a/b, canary: {steps: [50, 10]}",
        "38: serving.canary.steps: expected shares of traffic that rise, found [50, 10]",
    ),
    (
        "images:",
        SERVE % "canary: {steps: [10]}",
        "38: serving.canary.steps: expected mode knative, or mode standard with a gateway",
    ),
    (
        "model: houses",
        f"model: {'a' * 42}\nserving: {{namespace: models}}",
        "2: serving: expected a name of at most 41 characters",
    ),
    # the history of the rows
    (
        "evaluation_days: 30",
        "evaluation_days: 30, history: roling",
        "10: windows.history: expected window-start or rolling, found 'roling'; did you mean rolling?",
    ),
    (
        "time: sold_at}",
        "time: sold_at, history_days: 7}\n    sales_history: {uri: data/more, time: sold_at}",
        "6: data.tables.sales_history: expected another name, found that of the history of sales",
    ),
    (
        "time: day,",
        "time: day, format: csv, types: {day: text},",
        "6: data.tables.rates: expected day: timestamp or date among the types",
    ),
    ("time: day,", "time: day, format: csv,", "6: data.tables.rates: expected day: timestamp or date"),
    ("bank/rates", "bank/rates.CSV.gz", "6: data.tables.rates: expected format: csv and types beside s3://"),
    ("time: day,", "time: day, types: {day: date},", "6: data.tables.rates.types: expected format: csv"),
    # a wrong key
    ("margin: 0.005", "margins: 0.005", "29: policies.margins: expected no such key; did you"),
    ("{maximum: 1000}", "{margin: 1}", "37: policies.guardrails.model_bytes.margin: expected no such key"),
    ("  margin: 0.005\n", "", "23: policies.margin: expected this key, found nothing"),
    ("seed: 1", "seed: 1\n  seed: 2", "21: training.seed: expected once, found again on line 22"),
    ("seed: 1", "on: 1", "21: training.on: expected a name, found another kind of key"),
    # a wrong type
    ("seed: 1", "seed: true", "21: training.seed: expected a valid integer, found true"),
    ("seed: 1", "seed:", "21: training.seed: expected a valid integer, found nothing"),
    ("log_loss: {margin: 0.01}", "log_loss:", "36: policies.guardrails.log_loss: expected a mapping"),
    ("[district]", "district", "34: policies.slices.columns: expected a valid list, found 'district'"),
    ("C: 1e-3", "C: .inf", "19: training.parameters.C: expected a finite number, found inf"),
    ("C: 1e-3", "C: 2024-01-01", "19: training.parameters.C: expected text, a number, true"),
    # a wrong value
    ("fail", "fial", "30: policies.inconclusive: expected fail or pass, found 'fial'; did you mean fail?"),
    ("inconclusive: fail", "inconclusive: maybe", "30: policies.inconclusive: expected fail or pass, found"),
    ("margin: 0.005", "margin: -1", "29: policies.margin: expected greater than or equal to 0, found -1"),
    ("0.95", "1", "27: policies.confidence: expected less than 1, found 1"),
    ("0.95", "0.5", "27: policies.confidence: expected greater than 0.5, found 0.5"),
    ("2024-03-01", "soon", "3: data.as_of: expected a date such as 2013-09-02, or today, found 'soon'"),
    ("2024-03-01", "2024-02-30", "3: expected YAML: 2024-02-30: day is out of range for month"),
    ("s3://bank", "gs://bank", "6: data.tables.rates.uri: expected a path, file:///, s3:// or https://"),
    ("4Gi", "4 GB", "40: resources.train_model.memory: expected an amount of memory, as 4Gi"),
    ("you/houses", "you/houses:1", "38: images.repository: expected an image repository with no tag"),
    ("images:", "inference: {days: 0}\nimages:", "38: inference.days: expected greater than or equal to 1"),
    ("images:", "inference: {maximum_rejected_share: 2}\nimages:", "38: inference.maximum_rejected_share: "),
    ("images:", "schedules: {time_zone: Berlin}\nimages:", "38: schedules.time_zone: expected a time zone"),
    ("images:", RUN % "0 0 3 * * *", "38: schedules.runs.nightly.cron: expected minute hour day month"),
    ("images:", RUN % "0 24 * * *", "38: schedules.runs.nightly.cron: expected minute hour day month"),
    ("images:", RUN % "0 3 * * 7", "38: schedules.runs.nightly.cron: expected minute hour day month"),
    ("images:", RUN % "0 5-3 * * *", "38: schedules.runs.nightly.cron: expected minute hour day month"),
    ("images:", RUN % "0 3 L * *", "38: schedules.runs.nightly.cron: expected minute hour day month"),
    ("at: before_sale", "at: before_sale\n  lead: 90m", "14: features.lead: expected whole hours, as 2h"),
    ("day, hist", "day, arrives_after: 2x, hist", "6: data.tables.rates.arrives_after: expected minutes, "),
    # right by itself, wrong beside another
    ("rows: sales", "rows: sale", "7: data.rows: expected a table, found 'sale'; did you mean sales?"),
    ("at: before_sale", "at: dawn", "13: features.predict_at: expected a moment, found 'dawn'; there"),
    ("known: before_sale}", "known: before_sales}", "15: features.columns.district.known: expected a "),
    ("[district]", "[distrct]", "34: policies.slices.columns.0: expected a feature, found 'distrct'"),
    ("cluster: day", "cluster: dya", "31: policies.cluster: expected day or a feature, found 'dya'; did"),
    ("images:", "monitoring: {alarms: 5}\nimages:", "38: monitoring.alarms: expected at most the 2 windows"),
    ("roc_auc", "mae", "22: metric.name: expected a metric of a binary label, found 'mae'"),
    ("type: binary", "type: number, positive: sold", "9: label.positive: expected no positive value"),
    ("log_loss", "rmse", "36: policies.guardrails.rmse: expected a guardrail of a binary label"),
    ("district: {type", "sale_id: {type", "15: features.columns.sale_id: expected a feature's name"),
    ("area: {type", "sold_at: {type", "16: features.columns.sold_at: expected a feature's name"),
    ("min: 0", "min: 901", "16: features.columns.area: expected min <= max, found 901 and 900"),
    ("{type: category", "{min: 1, type: category", "15: features.columns.district: expected no min and"),
    (
        "time: sold_at",
        "time: sold_at, arrives_after: 1h",
        "5: data.tables.sales.arrives_after: expected none on the rows to predict",
    ),
    # no YAML
    ("seed: 1", "\tseed: 1", "21: expected YAML: while scanning for the next token: found char"),
    ("[district]", "[district", "34: expected YAML: while parsing a flow sequence"),
    ("{C: 1e-3", "&a {C: *a", "1: expected settings, found an alias within its own anchor"),
]  # fmt: skip


def settings_with(old: str = "", new: str = ""):
    assert old in TEXT
    return parse(TEXT.replace(old, new, 1), "mlops.yaml")


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        ('cron: "0 0 31 2 *"', "cron: expected a time that comes, found '0 0 31 2 *', which never does"),
        (
            'cron: "0 0 * * *", parameters: {as_of: "[[ScheduledTime]]"}',
            "parameters.as_of: expected a value, found '[[ScheduledTime]]': no endpoint replaces a macro",
        ),
    ],
)
def test_a_schedule_that_no_recurring_run_supports_is_named(run: str, problem: str) -> None:
    schedules = f"schedules: {{runs: {{nightly: {{pipeline: training, {run}}}}}}}\nimages:"
    with pytest.raises(SettingsError) as raised:
        settings_with("images:", schedules)
    assert f"schedules.runs.nightly.{problem}" in str(raised.value)


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        ("{volumes: {a: {path: /a}}}", "volumes.a: expected a claim that is there, or size"),
        ("{volumes: {a: {path: /a, claim: b, size: 1Gi}}}", "volumes.a: expected a claim"),
        ("{volumes: {a: {path: a, claim: b}}}", "volumes.a.path: expected an absolute path, found 'a'"),
        ("{node_affinity: [{key: a}]}", "node_affinity.0.values: expected values, but for Exists"),
        (
            "{node_affinity: [{key: a, operator: Exists, values: [b]}]}",
            "node_affinity.0.values: expected values",
        ),
        ("{secrets: {Api: {A: b}}}", "secrets.Api: expected the name of a Kubernetes object"),
        ("{tolerations: [{key: a, effect: NoSchedules}]}", "tolerations.0.effect: expected NoSchedule, "),
        ("{retries: {count: 0}}", "retries.count: expected"),
    ],
)
def test_a_resource_that_no_task_supports_is_named(resources: str, problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_with("{cpu: 2, memory: 4Gi}", resources)
    assert f"resources.train_model.{problem}" in str(raised.value)


def test_the_projects_own_settings_are_valid():
    settings = load(Path("mlops.yaml"))
    assert settings.features.columns.keys() == json.loads(settings.feature_settings())["columns"].keys()


@pytest.mark.parametrize("cron", ["*/5 0-6/2 1,15-17 * *", "29 3 * JAN-mar Mon,WED", "0  0 1 12 0-6"])
def test_times_that_every_scheduler_reads_alike(cron: str):
    assert settings_with("images:", RUN % cron).schedules.runs["nightly"].cron == " ".join(cron.split())


def test_parallelism_is_no_parameter():
    settings = settings_with("images:", "inference: {days: 7, parallelism: 2}\nimages:")
    assert json.loads(settings.inference_settings()) == {
        "days": 7,
        "catch_up_days": 31,
        "shard_rows": 500_000,
        "maximum_rejected_share": 0.01,
    }


def test_data_settings_point_below_the_root():
    data = json.loads(settings_with().data_settings(Path("/projects/me")))
    assert data == {
        "tables": {
            "sales": {"uri": "file:///projects/me/data/my%20sales", "time": "sold_at", "history_days": 0},
            "rates": {"uri": "s3://bank/rates", "time": "day", "history_days": 7},
        },
        "rows": "sales",
        "label_matures_after_days": 1,
        "windows": {"training_days": 60, "evaluation_days": 30, "history": "window-start"},
    }


def test_history_of_monitored_days_rolls():
    data = json.loads(settings_with().data_settings(Path("/projects/me"), monitored_days=28))
    assert data["windows"] == {"training_days": 60, "evaluation_days": 28, "history": "rolling"}


def test_lead_and_arrival_are_in_the_units_of_components():
    text = TEXT.replace("at: before_sale", "at: before_sale\n  lead: 36h")
    for written, minutes in (("0h", 0), ("30m", 30), ("2h", 120), ("1d", 1440)):
        settings = parse(text.replace("time: day,", f"time: day, arrives_after: {written},"), "mlops.yaml")
        data = json.loads(settings.data_settings(Path("/projects/me")))
        assert data["lead_hours"] == 36
        assert data["tables"]["rates"]["arrives_after_minutes"] == minutes
        assert "arrives_after_minutes" not in data["tables"]["sales"]
    assert "lead" not in json.loads(settings.feature_settings())


def test_data_settings_of_a_csv_table_have_its_types():
    settings = settings_with("time: day,", "time: day, format: csv, types: {day: date, the rate: number},")
    assert json.loads(settings.data_settings(Path("/projects/me")))["tables"]["rates"] == {
        "uri": "s3://bank/rates",
        "time": "day",
        "history_days": 7,
        "types": {"day": "date", "the rate": "number"},
    }


def test_feature_settings_hold_what_is_declared():
    assert json.loads(settings_with().feature_settings()) == {
        "rows": "sales",
        "key": "sale_id",
        "time": "sold_at",
        "label": {"name": "sold", "type": "binary"},
        "moments": ["before_sale", "after_sale"],
        "predict_at": "before_sale",
        "columns": {
            "district": {"type": "category", "known": "before_sale"},
            "area": {"type": "number", "known": "before_sale", "min": 0, "max": 900},
        },
    }


def test_training_settings_read_numbers_as_a_person_does():
    training = json.loads(settings_with().training_settings())
    assert training["parameters"] == {"C": 0.001, "max_iter": 100, "fit_intercept": True}


@pytest.mark.parametrize(
    ("gate", "references"),
    [
        ("pull_request", {"champion": "improve", "control": "not-worse"}),
        ("promotion", {"champion": "improve"}),
    ],
)
def test_each_gate_has_its_own_policy(gate, references):
    policy = json.loads(settings_with().policy(gate))
    assert policy.pop("references") == references
    assert policy == {
        "metric": "roc_auc",
        "floor": 0.6,
        "confidence": 0.95,
        "min_effect": 0,
        "margin": 0.005,
        "inconclusive": "fail",
        "cluster": "day",
        "minimum_rows": 1000,
        "minimum_clusters": 10,
        "slices": {"columns": ["district"], "minimum_rows": 500},
        "guardrails": {"log_loss": {"margin": 0.01}, "model_bytes": {"maximum": 1000}},
    }


def test_equal_settings_have_equal_bytes():
    reordered = settings_with("{type: category, known: before_sale}", "{known: before_sale, type: category}")
    spelled = settings_with("min: 0, max: 900", "min: 0.0, max: 9.0e+2")
    texts = {settings.feature_settings() for settings in (settings_with(), reordered, spelled)}
    assert len(texts) == 1
    assert " " not in texts.pop()
    parameters = settings_with("{C: 1e-3, max_iter: 100", "{max_iter: 100, C: 0.001")
    assert parameters.training_settings() == settings_with().training_settings()


def test_as_of_is_a_day_or_today():
    assert settings_with().as_of() == date(2024, 3, 1)
    before = datetime.now(UTC).date()
    assert before <= settings_with("2024-03-01", "today").as_of() <= datetime.now(UTC).date()


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_mistake_is_one_line_that_says_where(old, new, message):
    with pytest.raises(SettingsError) as error:
        settings_with(old, new)
    assert str(error.value).startswith(f"mlops.yaml:{message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "mlops.yaml:1: expected a mapping of settings, found nothing"),
        ("- model", "mlops.yaml:1: expected a mapping of settings, found a list"),
        ("a: 1\n---\nb: 2", "mlops.yaml:2: expected YAML: expected a single document"),
        (b"model: \xff", "mlops.yaml: expected UTF-8 text, found"),
        ("a: !!python/name:os.system 1", "mlops.yaml:1: expected YAML: could not determine a constructor"),
    ],
)
def test_an_invalid_settings_file_is_reported(content, message):
    with pytest.raises(SettingsError) as error:
        parse(content, "mlops.yaml")
    assert str(error.value).startswith(message)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="expected the project's settings, found no such file"):
        load(tmp_path / "mlops.yaml")


def test_serving_settings_have_every_default_and_steps_with_a_gateway():
    assert settings_with().serving_settings() == ""
    alone = json.loads(settings_with("images:", SERVE % "").serving_settings())
    assert (alone["name"], alone["mode"], alone["canary"]["steps"]) == ("houses", "standard", [])
    shared = json.loads(settings_with("images:", SERVE % "name: homes, gateway: a/b").serving_settings())
    assert (shared["name"], shared["canary"]["steps"]) == ("homes", [10, 50])
    assert shared["storage"] == {"region": "us-east-1", "credentials": "static"}


def test_resources_may_be_written_as_numbers():
    resources = settings_with().resources["train_model"]
    assert (resources.cpu, resources.memory) == ("2", "4Gi")
