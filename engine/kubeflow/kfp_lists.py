"""What there is on the endpoint, by name: whole lists, however many pages they have."""

import json
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

from engine.kubeflow.kfp_client import Client

EQUALS, IS_SUBSTRING = 1, 9
PAGE = 100


def runs(client: Client, name: str, experiment_id: str | None = None) -> list[Any]:
    """Runs that are called `name` or `name`-something, newest first; "" for all."""
    query = {"experiment_id": experiment_id, "sort_by": "created_at desc"}
    return list(_called(name, client.list_runs, "runs", **query))


def newest_run(client: Client, name: str) -> Any | None:
    """The one that `runs` has first."""
    return next(_called(name, client.list_runs, "runs", sort_by="created_at desc"), None)


def newest_run_of(client: Client, recurring: Any) -> Any | None:
    """The newest that a recurring run has started. No filter asks for that: its field is no column there."""
    query = {"experiment_id": recurring.experiment_id, "sort_by": "created_at desc"}
    newer = takewhile(
        lambda run: run.created_at >= recurring.created_at, _pages(client.list_runs, "runs", **query)
    )
    return next((run for run in newer if run.recurring_run_id == recurring.recurring_run_id), None)


def experiments(client: Client, name: str) -> list[Any]:
    return list(_called(name, client.list_experiments, "experiments"))


def pipelines(client: Client, name: str) -> list[Any]:
    namespace = client.get_user_namespace() or None
    return list(_called(name, client.list_pipelines, "pipelines", namespace=namespace))


def recurring_runs(client: Client) -> list[Any]:
    namespace = client.get_user_namespace() or None
    return list(_pages(client.list_recurring_runs, "recurring_runs", namespace=namespace))


def versions(client: Client, pipeline_id: str, part: str = "") -> list[Any]:
    """Versions of a pipeline with `part` in their names, newest first."""
    query = {"sort_by": "created_at desc"} | ({"filter": predicate(IS_SUBSTRING, part)} if part else {})
    return list(_pages(client.list_pipeline_versions, "pipeline_versions", pipeline_id=pipeline_id, **query))


def belongs(name: str, to: str) -> bool:
    """Whether `name` is `to` or begins with it and a dash: pr-123-a is not of pr-12."""
    return not to or name == to or name.startswith(f"{to.rstrip('-')}-")


def predicate(operation: int, name: str) -> str:
    return json.dumps({"predicates": [{"operation": operation, "key": "display_name", "stringValue": name}]})


def _called(name: str, list_page: Callable[..., Any], field: str, **query: Any) -> Iterator[Any]:
    if name:
        query["filter"] = predicate(IS_SUBSTRING, name)
    return (each for each in _pages(list_page, field, **query) if belongs(each.display_name, name))


def _pages(list_page: Callable[..., Any], field: str, **query: Any) -> Iterator[Any]:
    token = ""
    while True:
        page = list_page(page_token=token, page_size=PAGE, **query)
        yield from getattr(page, field) or []
        token = page.next_page_token
        if not token:
            return
