import json
import time
from collections.abc import Callable
from typing import Any

import kfp
import kfp_server_api
import pytest

from local_kfp.server.clock import parse_time
from local_kfp.tests.in_process import InProcessServer, wait_until

Schedule = Callable[..., Any]
NOON = parse_time("2013-09-01T12:00:00Z")
HOUR = 3600


@pytest.fixture
def server(server: InProcessServer) -> InProcessServer:
    """Its clock stands at noon."""
    server.clock.time = NOON
    return server


@pytest.fixture
def schedule(client: kfp.Client, version: dict[str, str]) -> Schedule:
    """Create a recurring run with these arguments."""

    def schedule(**arguments: Any) -> Any:
        experiment = client.get_experiment(experiment_name="Default").experiment_id
        when = {} if "interval_second" in arguments else {"cron_expression": "0 0 * * * *"}
        return client.create_recurring_run(experiment, "Nightly run!", **when | version | arguments)

    return schedule


def runs_of(client: kfp.Client, schedule: Any) -> list[Any]:
    predicate = {"operation": "EQUALS", "key": "recurring_run_id", "stringValue": schedule.recurring_run_id}
    listed = client.list_runs(filter=json.dumps({"predicates": [predicate]}), page_size=100)
    return listed.runs or []


def wait_for_runs(client: kfp.Client, schedule: Any, count: int) -> list[Any]:
    return wait_until(lambda: len(runs := runs_of(client, schedule)) >= count and runs)


def nothing_more(client: kfp.Client, schedule: Any, count: int) -> bool:
    """Whether the scheduler, given the time for two rounds, leaves it at these runs."""
    time.sleep(0.6)
    return len(runs_of(client, schedule)) == count


def settings(server: InProcessServer, run: Any) -> dict[str, Any]:
    return json.loads((server.state / "runs" / run.run_id / "run.json").read_text())


def parameters(server: InProcessServer, run: Any) -> dict[str, Any]:
    return settings(server, run)["parameters"]


def test_recurring_run_is_stored_as_created(client: kfp.Client, schedule: Schedule, version: dict[str, str]):
    created = schedule(
        no_catchup=True, max_concurrency=3, start_time="2013-09-01T12:00:00Z", params={"day": "x"}
    )
    got = client.get_recurring_run(created.recurring_run_id)
    assert got.to_dict() == created.to_dict()
    assert (got.max_concurrency, got.no_catchup, got.status, got.mode) == ("3", True, "ENABLED", "ENABLE")
    assert got.trigger.cron_schedule.cron == "0 0 * * * *"
    assert got.pipeline_version_reference.pipeline_version_id == version["version_id"]
    assert [row.display_name for row in client.list_recurring_runs().recurring_runs] == ["Nightly run!"]


def test_recurring_run_starts_a_run_when_due(server: InProcessServer, client: kfp.Client, schedule: Schedule):
    day = "[[ScheduledTime.2006-01-02T15:04:05Z]] #[[Index]] at [[CurrentTime.15:04]] of [[RunUUID]]"
    given = {"day": day, "extra": {"as_of": ["[[ScheduledTime.2006-01-02]]"]}}
    created = schedule(params=given)
    assert nothing_more(client, created, 0)
    server.clock.time = NOON + HOUR + 120
    [run] = wait_for_runs(client, created, 1)
    assert parameters(server, run) == given, "no macro of a pinned version is expanded"
    assert run.scheduled_at.timestamp() == NOON + HOUR
    assert settings(server, run)["scheduled_time"] == "2013-09-01T13:00:00Z"
    assert run.created_at.timestamp() == NOON + HOUR + 120
    assert run.display_name.startswith("nightly-run")
    assert nothing_more(client, created, 1)


def test_missed_runs_are_started_one_by_one(server: InProcessServer, client: kfp.Client, schedule: Schedule):
    created = schedule()
    server.clock.time = NOON + 3 * HOUR
    runs = wait_for_runs(client, created, 3)
    assert [run.scheduled_at.hour for run in runs] == [13, 14, 15]


def test_without_catching_up_only_the_newest_missed_run_starts(
    server: InProcessServer, client: kfp.Client, schedule: Schedule
):
    created = schedule(no_catchup=True)
    server.clock.time = NOON + 3 * HOUR + 60
    [run] = wait_for_runs(client, created, 1)
    assert run.scheduled_at.timestamp() == NOON + 3 * HOUR
    assert nothing_more(client, created, 1)


def test_max_concurrency_limits_active_runs(server: InProcessServer, client: kfp.Client, schedule: Schedule):
    created = schedule(max_concurrency=2, params={"behave": "hang"})
    server.clock.time = NOON + 5 * HOUR
    [first, _] = wait_for_runs(client, created, 2)
    assert nothing_more(client, created, 2)
    client.terminate_run(first.run_id)
    assert len(wait_for_runs(client, created, 3)) == 3


def test_disabled_recurring_run_starts_no_run(
    server: InProcessServer, client: kfp.Client, schedule: Schedule
):
    created = schedule(enabled=False, interval_second=HOUR)
    server.clock.time = NOON + 2 * HOUR
    assert nothing_more(client, created, 0)
    client.enable_recurring_run(created.recurring_run_id)
    assert client.get_recurring_run(created.recurring_run_id).status == "ENABLED"
    wait_for_runs(client, created, 2)
    client.disable_recurring_run(created.recurring_run_id)
    server.clock.time = NOON + 9 * HOUR
    assert nothing_more(client, created, 2)


def test_runs_remain_after_their_recurring_run_is_deleted(
    server: InProcessServer, client: kfp.Client, schedule: Schedule
):
    created = schedule()
    server.clock.time = NOON + HOUR
    wait_for_runs(client, created, 1)
    client.delete_recurring_run(created.recurring_run_id)
    assert len(runs_of(client, created)) == 1
    with pytest.raises(kfp_server_api.ApiException) as gone:
        client.get_recurring_run(created.recurring_run_id)
    assert gone.value.status == 404


def test_unpinned_recurring_run_takes_the_newest_version_and_leaves_macros_of_the_schedule(
    server: InProcessServer, client: kfp.Client, schedule: Schedule, version: dict[str, str], package: str
):
    body = schedule(params={"day": "[[ScheduledTime]] [[CurrentTime.15:04]] [[RunUUID]]"}, enabled=False)
    body.pipeline_version_reference.pipeline_version_id = None
    body.mode = "ENABLE"
    created = client._recurring_run_api.recurring_run_service_create_recurring_run(body)
    newest = client.upload_pipeline_version(package, "v2", version["pipeline_id"])
    server.clock.time = NOON + HOUR
    [run] = wait_for_runs(client, created, 1)
    assert run.pipeline_version_reference.pipeline_version_id == newest.pipeline_version_id
    assert parameters(server, run) == {"day": f"[[ScheduledTime]] 13:00 {run.run_id}"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"cron_expression": "0 9 * *"}, "Schedule cron is not a supported format"),
        ({"max_concurrency": 11}, "at least 1 and at most 10. Received 11"),
        ({"params": {"typo": 1}}, "not required by pipeline: typo"),
        ({"start_time": "soon"}, "invalid google.protobuf.Timestamp value"),
    ],
)
def test_create_recurring_run_refuses_invalid_arguments(
    client: kfp.Client, schedule: Schedule, arguments: dict[str, Any], reason: str
):
    with pytest.raises(kfp_server_api.ApiException) as refused:
        schedule(**arguments)
    assert refused.value.status == 400
    assert reason in json.loads(refused.value.body)["message"]
    assert client.list_recurring_runs().total_size is None
