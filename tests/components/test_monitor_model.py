"""monitor_model: what it says of a champion, that it says it once, and what it says where it cannot tell."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any

import jsonschema
import numpy as np
import pytest

from engine import sketches, tables
from engine.command_line import WorldError
from engine.documents.ledger import NOTHING_DECIDED
from engine.model_registry.model_registry import ModelRegistry
from engine.monitoring import decision_document as document
from engine.monitoring.alarm_policy import AlarmDecision, Seen, decide
from engine.monitoring.decide_once import decide_once
from engine.monitoring.monitor_inputs import MonitorInputs
from engine.reporting import monitoring_report as report
from engine.reporting import monitoring_terminal as terminal
from engine.tests.questions import LOGIT, model, probability, training, truth, version_of
from engine.tests.reporting.test_report import HOSTILE, MOVES, Tags

SCHEMA = json.loads(Path("engine/documents/decision.schema.json").read_bytes())
GOOD, POOR = probability(), probability(noise=4.0)
VERSION = "cd" * 32
RULES = {
    "start": "nested",
    "trigger": "either",
    "window_days": 7,
    "windows": 4,
    "alarms": 2,
    "minimum_rows": 100,
    "minimum_clusters": 5,
    "cooldown_days": 14,
    "maximum_age_days": 182,
    "alarms_per_week": 1,
}
POLICY = {"metric": "roc_auc", "confidence": 0.95, "margin": 0.005, "min_effect": 0.0, "cluster": "day"}
SNAPSHOT = {"as_of": "2013-09-02", "sha256": "5a" * 32, "start": "2013-08-04", "end": "2013-09-01T00:00:00"}
BASELINE = {"standard_error": 0.01, "as_of": "2013-06-02"}


def question(champion: np.ndarray, shadow: np.ndarray | None = None, **other: Any) -> MonitorInputs:
    table = truth().replace_schema_metadata({"snapshot": json.dumps(SNAPSHOT)})
    facts = model(champion, "2013-05-01", VERSION)
    version = version_of(facts)
    rows = version["verdict"]["rows"] | {"n": 9000, "clusters": 31}
    version |= {"metrics": {"roc_auc": 0.8}, "verdict": version["verdict"] | BASELINE | {"rows": rows}}
    usual = training()
    given = MonitorInputs(
        policy=POLICY | {"monitoring": RULES | other.pop("rules", {})},
        as_of=date(2013, 9, 2),
        version=version,
        findings={"findings": [], "warnings": []},
        provenance={"model": "flight-delays"},
        history=MOVES,
        truth=table,
        champion=facts.table,
        shadow=None if shadow is None else model(shadow).table,
        shadow_record=None if shadow is None else model(shadow, "2013-08-04").record | {"rows": 7},
        features=table,
        sketches={name: sketches.sketch(usual[name]) for name in ("origin", "distance")},
    )
    return replace(given, **other)


def answer(inputs: MonitorInputs, state: dict[str, Any] | None = None) -> dict[str, Any]:
    """The document, which satisfies its schema and is rendered without a complaint."""

    def decides(seen: Seen) -> AlarmDecision:
        return decide(seen, state or NOTHING_DECIDED, inputs.policy["monitoring"], "run")[0]

    found = document.monitor(inputs, decides)
    jsonschema.validate(found, SCHEMA, jsonschema.Draft202012Validator)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    rendered = report.render(found, inputs.history)
    assert found["reason"] in Tags(rendered["html"]).text
    assert rendered["markdown"].startswith("## ")
    assert found["decision"] in terminal.render(found, color=False)
    return found


def test_a_champion_that_holds_is_left_alone() -> None:
    found = answer(question(GOOD, GOOD))
    assert (found["decision"], found["alarm"], found["key"]) == ("QUIET", False, None)
    assert [window["why_not"] for window in found["windows"]] == [None] * 4
    assert "it fell in 0 and was outdone by the shadow in 0" in found["reason"]
    assert not any(window["shadow"]["found"] for window in found["windows"])


def test_a_better_shadow_raises_an_alarm() -> None:
    found = answer(question(POOR, GOOD, version=question(POOR).version | {"metrics": {"roc_auc": 0.5}}))
    assert (found["decision"], found["reasons"]) == ("ALARM", ["shadow"])
    assert found["whole"]["shadow"]["lower"] > 0
    assert found["key"] == f"{VERSION[:16]}/2013-09-01/shadow"
    assert "takes over only if it passes the gate" in found["next"]


def test_a_drop_that_no_shadow_fixes_is_not_blamed_on_age() -> None:
    found = answer(question(POOR, POOR))
    assert found["reasons"] == ["drop"]
    assert "training on newer rows alone will hardly help" in found["reason"]


def test_a_metric_of_which_less_is_better_drops_by_rising() -> None:
    inputs = question(POOR, GOOD)
    version = inputs.version | {"metrics": {"log_loss": 0.3}}
    inputs = replace(inputs, version=version, policy=inputs.policy | {"metric": "log_loss"})
    found = answer(inputs)
    assert found["reasons"] == ["drop", "shadow"]
    assert all(window["drop"]["upper"] < 0 < window["shadow"]["lower"] for window in found["windows"])


def test_rows_that_a_model_was_trained_on_say_nothing_of_it() -> None:
    seen = question(POOR, GOOD).version
    seen = seen | {
        "record": seen["record"] | {"training_window": {"start": None, "end": "2013-08-19T00:00:00"}}
    }
    found = answer(question(POOR, GOOD, version=seen))
    reasons = [window["why_not"] for window in found["windows"]]
    assert reasons == ["the champion was trained on rows of this window"] * 3 + [None]
    assert found["decision"] == "NOT_ENOUGH_EVIDENCE"
    assert "1 of 4 windows can be judged, and 2 are needed" in found["reason"]


def test_too_few_rows_are_not_judged() -> None:
    found = answer(question(POOR, GOOD, rules={"minimum_rows": 10_000}))
    assert found["decision"] == "NOT_ENOUGH_EVIDENCE"
    assert "expected 10,000 rows in 5 clusters, found 420 in 7" in found["reason"]


def test_a_version_of_before_sketches_is_monitored_and_says_what_is_unknown() -> None:
    inputs = question(POOR, GOOD, sketches=None)
    verdict = inputs.version["verdict"] | {"standard_error": None}
    inputs = replace(inputs, version=inputs.version | {"verdict": verdict})
    found = answer(inputs)
    assert (found["drift"], found["champion"]["baseline"], found["reasons"]) == (None, None, ["shadow"])
    assert [line.partition(":")[0] for line in found["unknown"]] == ["drop", "drift"]


def test_drift_is_reported_and_raises_no_alarm() -> None:
    inputs = question(GOOD, GOOD)
    moved = inputs.features.set_column(4, "distance", [LOGIT + 3])
    found = answer(replace(inputs, features=moved))
    psi = {each["name"]: max(each["psi"]) for each in found["drift"]["features"]}
    assert psi["distance"] > 1 > 0.1 > psi["origin"]
    assert found["decision"] == "QUIET"


@pytest.mark.parametrize(
    ("check", "decision", "said"),
    [
        ("immature_labels", "NOT_ENOUGH_EVIDENCE", "There is not enough to judge by: late labels"),
        ("out_of_range", "DATA_FAULT", "no alarm is raised on broken data: late labels (and 1 more)"),
    ],
)
def test_broken_data_and_late_labels_raise_no_alarm(check: str, decision: str, said: str) -> None:
    broken = [{"check": check, "message": "late labels"}, {"check": check, "message": "more of it"}]
    inputs = question(POOR, GOOD, findings={"findings": broken, "warnings": []})
    found = answer(replace(inputs, truth=None, champion=None, shadow=None, sketches=None))
    assert (found["decision"], found["alarm"]) == (decision, False)
    assert said in found["reason"]


def test_predictions_that_do_not_fit_the_rows_are_a_fault() -> None:
    found = answer(question(POOR[:-3], GOOD))
    assert found["decision"] == "DATA_FAULT"
    assert "lack 3 of" in found["reason"]


def test_every_decision_has_its_words() -> None:
    alarm = {
        "version": "ab" * 32,
        "window_end": "",
        "reasons": ["shadow"],
        "as_of": "2013-08-25",
        "decided_by": "",
    }
    own = alarm | {"version": VERSION, "reasons": ["drop", "shadow"]}
    inputs, calm = question(POOR, GOOD), {"as_of": "2013-08-25", "alarms": [], "recovered": {}}
    states = {
        "OUT_OF_ORDER": calm | {"as_of": "2013-10-01", "alarms": []},
        "COOLING_DOWN": calm | {"alarms": [alarm]},
        "NOT_REARMED": calm | {"alarms": [own]},
        "ALREADY_DECIDED": calm | {"alarms": [own | {"window_end": "2013-09-01T00:00:00"}]},
    }
    for decision, state in states.items():
        assert answer(inputs, state)["decision"] == decision
    capped = replace(inputs, policy=question(POOR, GOOD, rules={"cooldown_days": 0}).policy)
    capped_state = calm | {"alarms": [alarm | {"as_of": "2013-08-30"}]}
    assert answer(capped, capped_state)["decision"] == "CAPPED"


def test_the_page_needs_nothing_from_elsewhere_and_obeys_no_stranger() -> None:
    warnings = {"findings": [], "warnings": [{"message": HOSTILE, "check": HOSTILE, "column": HOSTILE}]}
    inputs = question(POOR, GOOD, findings=warnings, provenance={"model": HOSTILE, HOSTILE: HOSTILE})
    rendered = report.render(answer(inputs), MOVES)
    page = Tags(rendered["html"])
    assert not page.tags & {"script", "img", "link", "iframe", "a"}
    assert "<script>alert(1)</script>" in page.text
    assert {"svg", "circle", "rect"} <= page.tags
    assert "::error" not in rendered["markdown"]
    assert "\x1b" not in rendered["markdown"] + terminal.render(answer(inputs), color=False)


def write_question(inputs: MonitorInputs, folder: Path) -> dict[str, Any]:
    """The question as the options and files that monitor_model is run with."""
    folder.mkdir(parents=True)
    sketches.write(inputs.sketches, folder / sketches.FILE)
    options: dict[str, Any] = {
        "policy": inputs.policy,
        "as_of": inputs.as_of,
        "provenance": inputs.provenance,
        "champion_model": folder,
    }
    given = {"truth": inputs.truth, "champion": inputs.champion, "shadow": inputs.shadow}
    for name, table in (given | {"champion_features": inputs.features}).items():
        options[name] = folder / f"{name}.parquet"
        tables.write_table(table, options[name])
    written = {"shadow_record": inputs.shadow_record, "champion_version": inputs.version}
    for name, content in (written | {"history": inputs.history, "findings": inputs.findings}).items():
        options[name] = folder / f"{name}.json"
        tables.write_json(content, options[name])
    results = {name: folder / "out" / name for name in ("decision", "report", "summary", "alarm", "train")}
    return options | results | {"results_uri": (folder / "results").as_uri()}


@pytest.mark.parametrize(("start", "trains"), [("nested", "true"), ("github", "false"), ("none", "false")])
def test_an_alarm_is_raised_once_and_starts_what_the_settings_say(
    run_component, tmp_path, start, trains
) -> None:
    registry = {"model_registry_uri": (tmp_path / "registry").as_uri(), "name": "flights"}
    outcomes = []
    for run in ("first", "second"):
        options = write_question(question(POOR, GOOD, rules={"start": start}), tmp_path / run)
        ended = run_component("monitor_model", **options, **registry, decided_by=run)
        assert ended.status == 0, ended.error
        out = tmp_path / run / "out"
        found = json.loads((out / "decision").read_text())
        assert json.loads((tmp_path / run / "results/decision.json").read_text()) == found
        outcomes.append((found["decision"], (out / "alarm").read_text(), (out / "train").read_text()))
    assert outcomes == [("ALARM", "true", trains), ("ALREADY_DECIDED", "false", "false")]


@pytest.mark.parametrize("store", ["file", "s3"])
def test_of_many_monitors_at_once_one_raises_the_alarm(request, tmp_path: Path, store: str) -> None:
    uri = tmp_path.as_uri() if store == "file" else request.getfixturevalue("s3_folder")
    racers, seen = 8, Seen(date(2013, 9, 2), "2013-09-01", VERSION, date(2013, 6, 2), 4, 3, 3)
    start = Barrier(racers)

    def race(run: int) -> AlarmDecision:
        start.wait(timeout=60)
        return decide_once(ModelRegistry(uri, "flights"), seen, RULES, f"run {run}")

    with ThreadPoolExecutor(racers) as threads:
        decisions = list(threads.map(race, range(racers)))
    assert sorted(each.decision for each in decisions) == ["ALARM"] + ["ALREADY_DECIDED"] * (racers - 1)
    state, _ = ModelRegistry(uri, "flights").monitored()
    winner = next(run for run, each in enumerate(decisions) if each.alarm)
    assert [alarm["decided_by"] for alarm in state["alarms"]] == [f"run {winner}"]


def test_a_broken_state_is_an_error_and_never_the_first_time(tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path.as_uri(), "flights")
    registry.store.write("monitor.json", b"{}")
    with pytest.raises(WorldError, match="expected a JSON object of schema version 1"):
        registry.monitored()
