"""Recurring runs on the endpoint that mlops.yaml declares: which are ours, and how they become so.

The API cannot change a recurring run, so another takes its place: created disabled, the old one disabled, the
new one enabled, the old one deleted. A process that is killed in between leaves what the next call goes on
from. In that order no time is missed, and one may come twice: both runs then ask the same of the same day,
and the pipelines answer it once.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.command_line import SettingsError
from engine.kubeflow import kfp_lists
from engine.kubeflow.kfp_client import Client, Refused
from engine.kubeflow.pipeline_spec import Parameter, spec_of
from engine.kubeflow.uploads import PipelineVersion, find_version, newest_version
from engine.settings import cron_times
from engine.settings.schedules_schema import Schedule, Schedules

MARK = re.compile(
    r"Declared in mlops\.yaml of (?P<model>[a-z0-9-]+), schedules\.runs\.(?P<name>[a-z0-9-]+), "
    r"(?P<time_zone>[\w/+-]+)(, not enabled)?: scripts\.(ci\.)?reconcile_schedules replaces it\."
)
ENABLED, GONE = "ENABLE", 404


@dataclass(frozen=True)
class Wanted:
    """A recurring run as it is declared."""

    model: str
    name: str
    time_zone: str
    schedule: Schedule
    version: PipelineVersion
    parameters: Mapping[str, str]

    @property
    def description(self) -> str:
        """Whether it is enabled is here too: one that is declared to run again is a new one, because it does
        not catch up what it was not to run; one that a person paused is enabled as it is."""
        state = "" if self.schedule.enabled else ", not enabled"
        return (
            f"Declared in mlops.yaml of {self.model}, schedules.runs.{self.name}, {self.time_zone}{state}: "
            "scripts.ci.reconcile_schedules replaces it."
        )

    def facts(self) -> dict[str, object]:
        """What a recurring run has that is this one."""
        schedule = self.schedule
        return {
            "description": self.description,
            "version": self.version.version_id,
            "cron": cron_times.of_kubeflow(schedule.cron),
            "catch_up": schedule.catch_up,
            **{f"parameters.{name}": value for name, value in self.parameters.items()},
        }


def facts(run: Any) -> dict[str, object]:
    """The same of one on the endpoint."""
    cron = run.trigger.cron_schedule if run.trigger else None
    reference, config = run.pipeline_version_reference, run.runtime_config
    parameters = (config.parameters if config else None) or {}
    return {
        "description": run.description,
        "version": reference.pipeline_version_id if reference else None,
        "cron": cron.cron if cron else None,
        "catch_up": not run.no_catchup,
        **{f"parameters.{name}": value for name, value in parameters.items()},
    }


def version_to_run(client: Client, schedule: Schedule) -> tuple[PipelineVersion, dict[str, Parameter]]:
    """The version that is declared, and the input parameters of its pipeline. One is always named: of a run
    of whatever is the newest, Kubeflow does not know when it was due."""
    version, spec = newest_version(client, schedule.pipeline)
    if schedule.version not in ("latest", version.name):
        version_id = find_version(client, version.pipeline_id, schedule.version)
        if not version_id:
            raise SettingsError(
                f"mlops.yaml: schedules: expected a version of {schedule.pipeline} on the endpoint, "
                f"found none called {schedule.version}"
            )
        version = replace(version, name=schedule.version, version_id=version_id)
        spec = spec_of(client.get_pipeline_version(version.pipeline_id, version_id).pipeline_spec)
    return version, spec["root"].get("inputDefinitions", {}).get("parameters", {})


def ours(client: Client, model: str) -> dict[str, list[Any]]:
    """Those that this project made, by name, oldest first; there may be two if a change was interrupted."""
    by_name: dict[str, list[Any]] = {}
    for each in sorted(kfp_lists.recurring_runs(client), key=lambda each: each.created_at):
        mark = MARK.fullmatch(each.description or "")
        if mark and mark["model"] == model:
            by_name.setdefault(mark["name"], []).append(each)
    return by_name


def is_enabled(run: Any) -> bool:
    return bool(run.mode == ENABLED)


def reconcile(
    client: Client, name: str, wanted: Wanted | None, existing: list[Any], dry_run: bool
) -> Iterator[str]:
    """Each difference from what is wanted, said before it is changed; nothing if it is as declared.

    The new one is enabled before the old one is disabled: a time that both run is harmless, none is missed.
    """
    account = client.service_account
    same_account = [each for each in existing if account in (None, each.service_account)]
    fitting = [each for each in same_account if wanted and facts(each) == wanted.facts()]
    if not any(map(is_enabled, fitting)) and any(map(is_enabled, existing)):
        fitting = []  # left by a call that was cut short; enabled now, it would catch up what the old one ran
    kept = next(filter(is_enabled, fitting), fitting[-1] if fitting else None)
    others = [each for each in existing if each is not kept]
    if wanted and not kept:
        yield f"{name}: {described(wanted, others[-1] if others else None)}"
        kept = None if dry_run else create(client, wanted, taken_over_from(client, wanted, others))
    if wanted and wanted.schedule.enabled != bool(kept and is_enabled(kept)):
        enable = wanted.schedule.enabled
        yield f"{name}: {'enabled' if enable else 'disabled'}"
        if kept and not dry_run:
            change = client.enable_recurring_run if enable else client.disable_recurring_run
            change(kept.recurring_run_id)
    for other in filter(is_enabled, others):
        yield f"{name}: {other.recurring_run_id} is disabled"
        if not dry_run:
            _unless_gone(client.disable_recurring_run, other)
    for other in others:
        yield f"{name}: {other.recurring_run_id} is deleted"
        if not dry_run:
            _unless_gone(client.delete_recurring_run, other)


def taken_over_from(client: Client, wanted: Wanted, others: list[Any]) -> datetime | None:
    """The moment after which another had not run yet, if the new one runs at the same times: also a time
    that has just come is then run by one of them."""
    for other in filter(is_enabled, others):
        if all(facts(other)[fact] == wanted.facts()[fact] for fact in ("description", "cron", "catch_up")):
            last = kfp_lists.newest_run_of(client, other)
            since: datetime = other.trigger.cron_schedule.start_time or other.created_at
            if last:
                since = last.scheduled_at + timedelta(seconds=1)
            return since
    return None


def create(client: Client, wanted: Wanted, since: datetime | None = None) -> Any:
    """A recurring run that is not enabled yet, in the experiment of its pipeline's name."""
    with redirect_stdout(None):  # kfp prints links to pages that not every endpoint has
        experiment = client.known(client.create_experiment(wanted.version.pipeline), "experiment_id")
        made = client.create_recurring_run(
            experiment.experiment_id,
            f"{wanted.model}-{wanted.name}",
            description=wanted.description,
            cron_expression=cron_times.of_kubeflow(wanted.schedule.cron),
            start_time=f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if since else None,
            max_concurrency=1,
            no_catchup=not wanted.schedule.catch_up,
            params=dict(wanted.parameters),
            pipeline_id=wanted.version.pipeline_id,
            version_id=wanted.version.version_id,
            enabled=False,
            service_account=client.service_account,
        )
    return client.known(made, "recurring_run_id")


def described(wanted: Wanted, before: Any | None) -> str:
    """What is new, or what changes, in words."""
    if before is None:
        schedule = wanted.schedule
        return f"new, {schedule.cron} {wanted.time_zone}, {schedule.pipeline} {wanted.version.name}"
    old, new = facts(before), wanted.facts()
    changes = []
    for fact in sorted({*old, *new}):
        if old.get(fact) != new.get(fact):
            values = f": {old.get(fact)} -> {new.get(fact)}"
            changes.append(fact + (values if len(values) < 120 else ""))
    return f"replaced, for {'; '.join(changes)}"


def expect_time_zone(client: Client, schedules: Schedules, existing: Mapping[str, list[Any]]) -> None:
    """The API does not say which time zone the scheduler keeps; the runs that it has started do."""
    for name, each in ((name, each) for name, of_name in existing.items() for each in of_name):
        mark = MARK.fullmatch(each.description)
        if mark is None or mark["time_zone"] != schedules.time_zone:
            continue  # which was stated before
        run, cron = kfp_lists.newest_run_of(client, each), str(facts(each)["cron"] or "")
        moment: datetime | None = run.scheduled_at if run else None
        own = cron.removeprefix("0 ")
        if moment and not cron_times.is_due(own, schedules.time_zone, moment):
            raise SettingsError(
                f"mlops.yaml: schedules.time_zone: expected that of the endpoint's scheduler "
                f"(CRON_SCHEDULE_TIMEZONE), found {schedules.time_zone}, where the run of {name} of "
                f"{moment:%Y-%m-%dT%H:%MZ} was not due by {own!r}"
            )


def _unless_gone(change: Any, run: Any) -> None:
    """Another may have been faster."""
    try:
        change(run.recurring_run_id)
    except Refused as error:
        if error.code != GONE:
            raise
