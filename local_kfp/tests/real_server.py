"""Requests, and how Kubeflow Pipelines 2.17.0 answers them: facts that the local server is held to.

Recorded from the real API server, which was built from its source and run. The facts are the status and, for
errors, the gRPC code; messages are in the words of this server.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

GRPC_CODES = {400: 3, 404: 5, 409: 10, 500: 13}
ALREADY_EXISTS = 6
EMOJI = "\N{ROCKET}"


@dataclass(frozen=True)
class Exchange:
    """A request below /apis/v2beta1 and its status; `<pipeline>`, `<run>` and so on stand for ids."""

    name: str
    request: str
    status: int
    body: Any = None
    code: int | None = None
    """The gRPC code of an error if several have this status."""
    message: str = ""
    """Text that the error contains."""


EXPERIMENTS = "POST /experiments"
NAMES = [
    Exchange("an experiment", EXPERIMENTS, 200, {"display_name": "new"}),
    Exchange("its name again", EXPERIMENTS, 409, {"display_name": "mine"}, ALREADY_EXISTS, "already exists"),
    Exchange("its name in upper case", EXPERIMENTS, 409, {"display_name": "MINE"}, ALREADY_EXISTS, "MINE"),
    Exchange("a pipeline's name in upper case", "POST /pipelines", 409, {"name": "GREETING"}, ALREADY_EXISTS),
    Exchange("an experiment's name of 128", EXPERIMENTS, 200, {"display_name": "e" * 128}),
    Exchange("an experiment's name of 129", EXPERIMENTS, 500, {"display_name": "e" * 129}, message="128"),
    Exchange("a pipeline's name of 128", "POST /pipelines", 200, {"name": "p" * 128}),
    Exchange("a pipeline's name of 129", "POST /pipelines", 500, {"name": "p" * 129}, message="128"),
    Exchange(
        "an experiment's name with an emoji", EXPERIMENTS, 500, {"display_name": EMOJI}, message="emoji"
    ),
    Exchange("a pipeline's name with an emoji", "POST /pipelines", 500, {"name": EMOJI}, message="emoji"),
    Exchange("an experiment without a name", EXPERIMENTS, 500, {"display_name": ""}, message="name"),
    Exchange("a name with an umlaut", EXPERIMENTS, 200, {"display_name": "Prüfung"}),
]


def listing(name: str, resource: str, status: int, message: str = "", **query: str) -> Exchange:
    return Exchange(name, f"GET /{resource}?{urlencode(query, safe='<>')}", status, message=message)


def predicate(key: str, value: str) -> str:
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": key, "stringValue": value}]})


PERCENT = predicate("name", "50%")
ENABLED = predicate("status", "ENABLED")
LISTS = [
    listing("a filter with %", "experiments", 400, "invalid URL escape", filter=PERCENT),
    listing("a filter with an encoded %", "experiments", 200, filter=quote(PERCENT)),
    listing("runs sorted by experiment_id", "runs", 200, sort_by="experiment_id"),
    listing("runs sorted by status", "runs", 200, sort_by="status desc"),
    listing("runs filtered by status", "runs", 200, filter=predicate("status", "FAILED")),
    listing(
        "recurring runs sorted by status", "recurringruns", 400, "Invalid sorting field", sort_by="status"
    ),
    listing("recurring runs filtered by status", "recurringruns", 400, "unrecognized field", filter=ENABLED),
    listing("a page of -1", "runs", 400, "page size", page_size="-1"),
    listing("a page of 201", "runs", 200, page_size="201"),
    listing("a page of x", "runs", 400, "page_size", page_size="x"),
    listing("a foreign page token", "runs", 400, "page token", page_token="zzz"),
    listing("versions of a missing pipeline", "pipelines/<missing>/versions", 404, "not found"),
    listing("recurring runs of a missing experiment", "recurringruns", 404, experiment_id="<missing>"),
    listing("runs of a missing experiment", "runs", 404, experiment_id="<missing>"),
]
PIPELINES = [
    Exchange("a pipeline's description changed", "PATCH /pipelines/<pipeline>", 200, {"description": "new"}),
    Exchange("deletion of a pipeline with versions", "DELETE /pipelines/<pipeline>", 400, message="version"),
    Exchange("a missing pipeline changed", "PATCH /pipelines/<missing>", 404, {"description": "new"}),
]


def run(name: str, status: int, message: str = "", code: int | None = None, **fields: Any) -> Exchange:
    body = {"display_name": "run", "pipeline_version_reference": VERSION} | fields
    return Exchange(name, "POST /runs", status, body, code, message)


def recurring(name: str, status: int, message: str = "", cron: str = "", **fields: Any) -> Exchange:
    schedule = {"cron_schedule": {"cron": cron or "0 0 9 * * *"}}
    body = {"display_name": "nightly", "pipeline_version_reference": VERSION, "max_concurrency": "1"}
    body |= {"mode": "ENABLE", "trigger": schedule} | fields
    return Exchange(name, "POST /recurringruns", status, body, message=message)


VERSION = {"pipeline_id": "<pipeline>", "pipeline_version_id": "<version>"}
MISSING_VERSION = {"pipeline_id": "<pipeline>", "pipeline_version_id": "<missing>"}
TEMPLATE = {"parameters": {"day": "{{inputs.parameters.day}}"}}
RUNS = [
    run("a run's name of 255", 200, display_name="r" * 255),
    run("a run's name of 256", 500, "255", display_name="r" * 256),
    run("a run's name with an emoji", 500, "emoji", display_name=EMOJI),
    run("a parameter with {{inputs", 500, "{{inputs", runtime_config=TEMPLATE),
    Exchange(
        "retry of a run under way", "POST /runs/<running>:retry", 409, {}, message="expected a failed run"
    ),
    run("a run without a name", 500, "name", display_name=""),
    run("a missing version", 500, "not found", pipeline_version_reference=MISSING_VERSION),
    run("a run of a missing experiment", 404, "not found", experiment_id="<missing>"),
    run("a run of a missing service account", 200, service_account="nobody"),
    run("a field that there is not", 400, "unknown field", unknown=1),
    run("a text for a number", 400, "times requires type", runtime_config={"parameters": {"times": "3"}}),
    run("a list for a struct", 400, "extra requires type", runtime_config={"parameters": {"extra": [1]}}),
    run("null for a text", 400, "behave requires type", runtime_config={"parameters": {"behave": None}}),
    run("an unknown parameter", 400, "not required by pipeline", runtime_config={"parameters": {"x": 1}}),
    Exchange("termination of a missing run", "POST /runs/<missing>:terminate", 404, message="not found"),
    Exchange("termination of a run that ended", "POST /runs/<succeeded>:terminate", 400),
    Exchange("deletion of a missing run", "DELETE /runs/<missing>", 404, message="not found"),
    Exchange("retry of a run that succeeded", "POST /runs/<succeeded>:retry", 409, {}, message="SUCCEEDED"),
]
NOT_A_CRON = "Schedule cron is not a supported format"
RECURRING_RUNS = [
    recurring("a cron expression", 200),
    recurring("@every 1h", 200, cron="@every 1h"),
    recurring("a cron expression that is never due", 200, cron="0 0 0 31 2 *"),
    recurring("weekday 7", 400, NOT_A_CRON, cron="0 0 9 * * 7"),
    recurring("weekdays 5-1", 400, NOT_A_CRON, cron="0 0 9 * * 5-1"),
    recurring("weekdays fri-mon", 400, NOT_A_CRON, cron="0 0 9 * * fri-mon"),
    recurring("mode MAYBE", 400, "invalid value for enum field mode", mode="MAYBE"),
]
# A server with one user has one namespace, and does not read the one that it is given.
NAMESPACES = [
    Exchange("an experiment of any namespace", EXPERIMENTS, 200, {"display_name": "n", "namespace": "n"}),
    Exchange("a pipeline of any namespace", "POST /pipelines", 200, {"name": "n", "namespace": "n"}),
    listing("experiments of any namespace", "experiments", 200, namespace="n"),
    listing("pipelines of any namespace", "pipelines", 200, namespace="n"),
    listing("runs of any namespace", "runs", 200, namespace="n"),
    listing("recurring runs of any namespace", "recurringruns", 200, namespace="n"),
]
EXCHANGES = [*NAMES, *LISTS, *PIPELINES, *RUNS, *RECURRING_RUNS, *NAMESPACES]
