"""Tests of scripts/ci/reconcile_schedules.py: recurring runs become as declared, and stay so."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.kubeflow import kfp_lists, recurring_runs
from engine.kubeflow.kfp_client import PatientRest
from engine.kubeflow.uploads import upload
from engine.tests.project import Project, copy_of_this_project
from engine.tests.scripts.kubeflow import Kubeflow
from engine.tests.scripts.steps import Call
from local_kfp.tests.in_process import wait_until

Reconcile = Callable[..., Call]
SATURDAY = int(datetime(2013, 8, 31, 12, tzinfo=UTC).timestamp())
DAY = 24 * 3600
OTHERS = (("training", "2 1 * *"), ("monitoring", "3 * * 1"))
DAILY = (("  lead: 2h ", "  # "), ('"29 * * * *"', '"29 1 * * *"'))
PIPELINES = ("training", "monitoring", "inference")


@pytest.fixture(scope="module")
def deployable(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with its pipelines compiled, and no more than a run of inference a day."""
    project = copy_of_this_project(tmp_path_factory.mktemp("deployable") / "project")
    project.edit("mlops.yaml", ("as_of: 2013-09-02 ", "as_of: today "), *DAILY)
    project.commit()
    done = project.run("compile_pipelines")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def project(deployable: Project) -> Iterator[Project]:
    commit = deployable.git("rev-parse", "HEAD")
    yield deployable
    deployable.git("reset", "--quiet", "--hard", commit)


@pytest.fixture
def deployed(kubeflow: Kubeflow, project: Project) -> Kubeflow:
    kubeflow.server.clock.time = SATURDAY
    for name in PIPELINES:
        upload(kubeflow.client, project.root / f"build/pipelines/{name}.yaml")
    return kubeflow


@pytest.fixture
def reconcile(call: Callable[..., Call], project: Project, deployed: Kubeflow) -> Reconcile:
    return lambda *words: call(project.root, "reconcile_schedules", *words, KUBEFLOW_HOST=deployed.url)


def declared(project: Project, *changes: tuple[str, str]) -> None:
    project.edit("mlops.yaml", *changes)
    project.commit()


def standing(kubeflow: Kubeflow) -> dict[str, tuple[str, str, str]]:
    """Name, id, time and mode of all there is."""
    return {
        each.display_name: (each.recurring_run_id, each.trigger.cron_schedule.cron, each.mode)
        for each in kfp_lists.recurring_runs(kubeflow.client)
    }


def found_runs(kubeflow: Kubeflow, pipeline: str) -> list[Any]:
    """The runs of the pipeline, oldest first."""
    of_it = kubeflow.client.get_experiment(experiment_name=pipeline).experiment_id
    return kfp_lists.runs(kubeflow.client, "", experiment_id=of_it)[::-1]


def runs_of(kubeflow: Kubeflow, pipeline: str) -> list[dict[str, Any]]:
    """The parameters that the runs of the pipeline got, oldest first."""
    found = found_runs(kubeflow, pipeline)
    folders = [kubeflow.server.state / "runs" / each.run_id for each in found]
    return [json.loads((folder / "run.json").read_text())["parameters"] for folder in folders]


def days_of(kubeflow: Kubeflow, pipeline: str) -> list[str]:
    """The days that the runs of the pipeline were due."""
    return [f"{run.scheduled_at:%Y-%m-%d}" for run in found_runs(kubeflow, pipeline)]


def test_a_declared_schedule_runs_when_due_and_a_second_call_changes_nothing(reconcile, deployed, project):
    declared(project, ('"29 1 * * *"', '"29 1 * * *", catch_up: true'))
    foreign = deployed.client.create_recurring_run(
        deployed.client.create_experiment("other").experiment_id,
        "flight-delays-training",
        cron_expression="0 0 * * * *",
        pipeline_package_path=str(project.root / "build/pipelines/inference.yaml"),
        params=dict.fromkeys(
            (
                "as_of",
                "model",
                "model_registry_uri",
                "data_settings",
                "inference_settings",
                "predictions_uri",
            ),
            "",
        ),
        enabled=False,
    )
    planned = reconcile("--dry-run")
    assert planned.status == 0, planned.error
    assert "training: new, 29 2 1 * * UTC, training" in planned.summary
    assert [each.recurring_run_id for each in kfp_lists.recurring_runs(deployed.client)] == [
        foreign.recurring_run_id
    ]

    done = reconcile()
    assert (done.status, done.printed) == (0, planned.printed), done.error
    deployed.client.delete_recurring_run(foreign.recurring_run_id)
    made = standing(deployed)
    assert {name: about[1:] for name, about in made.items()} == {
        "flight-delays-training": ("0 29 2 1 * *", "ENABLE"),
        "flight-delays-monitoring": ("0 29 3 * * 1", "ENABLE"),
        "flight-delays-inference": ("0 29 1 * * *", "ENABLE"),
    }
    again = reconcile()
    assert (again.status, again.printed, again.summary) == (0, "the recurring runs are as declared\n", "")
    assert standing(deployed) == made

    deployed.server.clock.time = SATURDAY + 3 * DAY
    wait_until(lambda: len(runs_of(deployed, "inference")) == 3)
    [trained], [monitored] = runs_of(deployed, "training"), runs_of(deployed, "monitoring")
    assert days_of(deployed, "inference") == ["2013-09-01", "2013-09-02", "2013-09-03"]
    assert [each["as_of"] for each in (*runs_of(deployed, "inference"), trained, monitored)] == ["today"] * 5
    assert "[[" not in json.dumps([trained, monitored])
    assert trained["results_uri"].endswith("/training/"), "below which each run has a folder of its own"
    assert monitored["training_results_uri"] == f"{monitored['results_uri']}training/"
    assert reconcile().printed == "the recurring runs are as declared\n"


def test_another_service_account_replaces_recurring_runs(reconcile, deployed, project):
    reconcile()
    before = standing(deployed)
    declared(project, ("\nimages:", "\nstore: {service_account: trainer}\nimages:"))
    reconcile()
    made = kfp_lists.recurring_runs(deployed.client)
    assert {each.service_account for each in made} == {"trainer"}
    assert not {each.recurring_run_id for each in made} & {each[0] for each in before.values()}
    assert reconcile().printed == "the recurring runs are as declared\n"


def test_a_change_replaces_and_what_is_no_longer_declared_goes(reconcile, deployed, project):
    reconcile()
    before = standing(deployed)
    deployed.client.disable_recurring_run(before["flight-delays-inference"][0])
    declared(
        project,
        ('training, cron: "29 2 1 * *"', 'training, cron: "29 4 1 * *", enabled: false'),
        ('    monitoring: {pipeline: monitoring, cron: "29 3 * * 1"}\n', ""),
    )
    done = reconcile()
    assert done.status == 0, done.error
    assert "inference: enabled" in done.printed
    assert "cron: 0 29 2 1 * * -> 0 29 4 1 * *" in done.printed
    after = standing(deployed)
    assert after.keys() == {"flight-delays-training", "flight-delays-inference"}
    assert after["flight-delays-training"][1:] == ("0 29 4 1 * *", "DISABLE")
    assert after["flight-delays-inference"] == before["flight-delays-inference"]
    assert reconcile().printed == "the recurring runs are as declared\n"


def test_a_replacing_schedule_continues_where_the_replaced_one_was(reconcile, deployed, project):
    """Each delivery replaces trainings, because their parameters name the commit."""
    reconcile()
    for time in ("2013-08-31T12:00:00", "2013-08-31T12:00:00"):
        deployed.server.clock.time += 600
        declared(project, ("model: flight", "# newer\nmodel: flight"))
        done = reconcile()
        assert "training: replaced, for parameters.metadata" in done.printed, done.error
        [training] = recurring_runs.ours(deployed.client, "flight-delays")["training"]
        assert f"{training.trigger.cron_schedule.start_time:%Y-%m-%dT%H:%M:%S}" == time
    deployed.server.clock.time = SATURDAY + DAY
    wait_until(lambda: days_of(deployed, "training"))
    deployed.server.clock.time += 600
    declared(project, ("model: flight", "# newer\nmodel: flight"))
    assert reconcile().status == 0
    [training] = recurring_runs.ours(deployed.client, "flight-delays")["training"]
    assert f"{training.trigger.cron_schedule.start_time:%Y-%m-%dT%H:%M:%S}" == "2013-09-01T02:29:01"
    deployed.server.clock.time += 31 * DAY
    wait_until(lambda: days_of(deployed, "training") == ["2013-09-01", "2013-10-01"])
    declared(project, ('training, cron: "29 2 1', 'training, cron: "29 5 1'))
    reconcile()
    [training] = recurring_runs.ours(deployed.client, "flight-delays")["training"]
    assert training.trigger.cron_schedule.start_time is None, "other times begin now"


class Killed(BaseException):
    pass


def test_a_kill_after_any_call_is_healed_by_the_next_and_no_time_is_missed(
    reconcile, deployed, project, monkeypatch
):
    """Each round changes the time of inference, is killed one call later, and then called again.

    Whichever call it was, one recurring run is enabled: the next call may come after the next time is due.
    """
    others = [f'    {name}: {{pipeline: {name}, cron: "29 {time}"}}\n' for name, time in OTHERS]
    declared(project, *((other, "") for other in others))
    assert reconcile().status == 0
    request, calls = PatientRest.request, []

    def counted(self: PatientRest, method: str, url: str, **options: Any) -> Any:
        answer = request(self, method, url, **options)
        if method != "GET":
            calls.append(f"{method} {url}")
            if len(calls) == last:
                raise Killed
        return answer

    monkeypatch.setattr(PatientRest, "request", counted)
    last = killed_at = 0
    for minute in range(30, 40):
        declared(project, (f'inference, cron: "{minute - 1} 1', f'inference, cron: "{minute} 1'))
        calls.clear()
        last = killed_at + 1
        try:
            done = reconcile()
        except Killed:
            killed_at, last = last, 0
            deployed.server.clock.time += DAY
            day = str(datetime.fromtimestamp(deployed.server.clock.time, UTC).date())
            assert any(map(recurring_runs.is_enabled, kfp_lists.recurring_runs(deployed.client))), calls
            wait_until(lambda day=day: day in days_of(deployed, "inference"))
            done = reconcile()
            wait_until(lambda day=day: day in days_of(deployed, "inference"))
        assert done.status == 0, done.error
        [found] = recurring_runs.ours(deployed.client, "flight-delays")["inference"]
        assert (found.trigger.cron_schedule.cron, found.mode) == (f"0 {minute} 1 * * *", "ENABLE")
        if last:
            break
    assert [re.sub("/[0-9a-f-]{36}", "", call.rpartition("v2beta1/")[2]) for call in calls] == [
        "recurringruns",
        "recurringruns:enable",
        "recurringruns:disable",
        "recurringruns",
    ]
    assert killed_at == len(calls)
    assert reconcile().printed == "the recurring runs are as declared\n"


def test_a_time_zone_that_the_scheduler_does_not_keep_is_found_by_its_runs(reconcile, deployed, project):
    declared(project, ("time_zone: UTC", "time_zone: Europe/Berlin"))
    assert reconcile().status == 0
    deployed.server.clock.time = SATURDAY + DAY
    wait_until(lambda: runs_of(deployed, "inference"))
    done = reconcile()
    assert done.status == 2
    assert "schedules.time_zone: expected that of the endpoint's scheduler" in done.error
    assert "the run of inference of 2013-09-01T01:29Z was not due by '29 1 * * *'" in done.error
    declared(project, ("time_zone: Europe/Berlin", "time_zone: UTC"))
    assert reconcile().status == 0


def test_a_pinned_version_stays_and_an_unknown_one_is_reported(reconcile, deployed, project):
    [version] = deployed.versions(deployed.client.get_pipeline_id("inference"))
    newer = Path(project.root / "build/newer.yaml")
    newer.write_text((project.root / "build/pipelines/inference.yaml").read_text() + "# newer\n")
    upload(deployed.client, newer)
    declared(project, ('"29 1 * * *"', f'"29 1 * * *", version: {version}'))
    assert f"inference {version}" in reconcile().printed
    declared(project, (f"version: {version}", f"version: {'f' * 12}"))
    assert f"found none called {'f' * 12}" in reconcile().error
    declared(project, (f"version: {'f' * 12}", "parameters: {as_off: x}"))
    done = reconcile()
    assert (done.status, "expected no parameter as_off" in done.error) == (2, True)


def test_without_an_endpoint_there_is_nothing_to_reconcile(call, project):
    done = call(project.root, "reconcile_schedules", KUBEFLOW_HOST="")
    assert (done.status, done.printed) == (0, "KUBEFLOW_HOST is not set: GitHub's schedules are the clock\n")
