import json
from typing import Any

import kfp
import kfp_server_api
import pytest

from local_kfp.tests.in_process import InProcessServer, connect

NAMES = ["amber", "bronze", "copper", "Default", "dust"]


@pytest.fixture(scope="module")
def server(shared_server: InProcessServer) -> InProcessServer:
    return shared_server


@pytest.fixture(scope="module")
def experiments(server: InProcessServer) -> kfp.Client:
    """A client of a server with five experiments, made a minute apart."""
    client = connect(server.url)
    server.clock.time = int(client.get_experiment(experiment_name="Default").created_at.timestamp())
    for name in ("copper", "amber", "dust", "bronze"):
        server.clock.time += 60
        client.create_experiment(name)
    return client


def listed(client: kfp.Client, *predicates: dict[str, Any], **arguments: Any) -> list[str]:
    response = client.list_experiments(filter=json.dumps({"predicates": predicates}), **arguments)
    assert (response.total_size or 0) >= len(response.experiments or [])
    return [experiment.display_name for experiment in response.experiments or []]


@pytest.mark.parametrize(
    ("operation", "value", "names"),
    [
        ("EQUALS", {"stringValue": "amber"}, ["amber"]),
        ("EQUALS", {"string_value": "am"}, []),
        *(
            (number, {"stringValue": "amber"}, names)
            for number, names in ((1, ["amber"]), (7, ["amber", "Default"]))
        ),
        ("NOT_EQUALS", {"stringValue": "amber"}, ["bronze", "copper", "Default", "dust"]),
        ("IS_SUBSTRING", {"stringValue": "o"}, ["bronze", "copper"]),
        ("IN", {"stringValues": {"values": ["dust", "amber"]}}, ["amber", "dust"]),
        ("GREATER_THAN", {"stringValue": "bronze"}, ["copper", "dust"]),
        ("LESS_THAN_EQUALS", {"stringValue": "bronze"}, ["amber", "bronze", "Default"]),
    ],
)
def test_a_filter_selects_experiments_by_its_operation(
    experiments: kfp.Client, operation: str | int, value: dict[str, Any], names: list[str]
):
    found = listed(experiments, {"operation": operation, "key": "display_name", **value})
    assert sorted(found, key=str.lower) == names


def test_filter_requires_all_predicates(experiments: kfp.Client):
    created = experiments.get_experiment(experiment_name="amber").created_at
    since = f"{created:%Y-%m-%dT%H:%M:%SZ}"
    newer = {"operation": "GREATER_THAN", "key": "created_at", "timestampValue": since}
    named = {"operation": "IS_SUBSTRING", "key": "name", "stringValue": "u"}
    assert listed(experiments, newer) == ["dust", "bronze"]
    assert listed(experiments, newer, named) == ["dust"]


def test_list_is_sorted_by_creation_by_default(experiments: kfp.Client):
    assert listed(experiments) == ["Default", "copper", "amber", "dust", "bronze"]
    assert listed(experiments, sort_by="display_name desc") == [
        "dust",
        "copper",
        "bronze",
        "amber",
        "Default",
    ]


@pytest.mark.parametrize("sort_by", ["", "display_name desc", "storage_state asc"])
def test_pages_contain_each_row_once(experiments: kfp.Client, sort_by: str):
    names, token, pages = [], "", 0
    while token or not pages:
        page = experiments.list_experiments(page_token=token, page_size=2, sort_by=sort_by)
        names += [experiment.display_name for experiment in page.experiments]
        assert page.total_size == 5
        token, pages = page.next_page_token, pages + 1
    assert (sorted(names, key=str.lower), pages) == (NAMES, 3)


def test_page_token_keeps_the_filter(experiments: kfp.Client):
    filter_text = json.dumps({"predicates": [{"operation": 9, "key": "name", "stringValue": "o"}]})
    first = experiments.list_experiments(filter=filter_text, page_size=1)
    second = experiments.list_experiments(page_token=first.next_page_token)
    assert [experiment.display_name for experiment in second.experiments] == ["bronze"]
    with pytest.raises(kfp_server_api.ApiException, match="page token does not match"):
        experiments.list_experiments(page_token=first.next_page_token, sort_by="name")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"page_size": -1}, "The page size should be greater than 0. Got -1"),
        ({"page_token": "bm8="}, "Invalid page token"),
        ({"sort_by": "colour"}, "Invalid sorting field"),
        ({"sort_by": "name upwards"}, "Received invalid sort by format"),
        ({"filter": "nonsense"}, "failed to parse valid filter"),
        ({"filter": '{"predicate": []}'}, "unknown field predicate"),
        (
            {"filter": '{"predicates": [{"operation": "IS", "key": "name", "stringValue": ""}]}'},
            "operation IS",
        ),
        ({"filter": '{"predicates": [{"operation": 1, "key": "name", "text": ""}]}'}, "unknown field text"),
        (
            {"filter": '{"predicates": [{"operation": 1, "key": "colour", "intValue": 1}]}'},
            "unrecognized field",
        ),
        (
            {"filter": '{"predicates": [{"operation": "IN", "key": "name", "stringValue": "a"}]}'},
            "operator IN",
        ),
        ({"filter": '{"predicates": [{"operation": 9, "key": "name", "intValue": 1}]}'}, "non string value"),
        ({"filter": '{"predicates": [{"operation": 1, "key": "name"}]}'}, "failed to parse valid filter"),
    ],
)
def test_list_refuses_invalid_arguments(client: kfp.Client, arguments: dict[str, Any], reason: str):
    with pytest.raises(kfp_server_api.ApiException) as refused:
        client.list_experiments(**arguments)
    assert refused.value.status == 400
    assert reason in json.loads(refused.value.body)["message"]
