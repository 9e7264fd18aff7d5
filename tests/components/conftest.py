"""A few weeks of the demo's flights, taken through the components in this very process."""

import importlib
import json
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import jsonschema
import pytest

import components.build_features
from engine import command_line
from engine.tests.demo_files import demo_features

FLIGHTS = Path(__file__).parents[2] / "demo" / "flights"
SCHEMAS = Path(__file__).parents[2] / "engine" / "documents"
AS_OF = "2013-02-05"


class Ended(NamedTuple):
    status: int
    output: str
    error: str


@pytest.fixture
def run_component(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a component ("list_shards load": its subcommand) to its end; settings become JSON."""

    def run(name: str, /, **options: Any) -> Ended:
        status = run_main(name, options)
        captured = capsys.readouterr()
        return Ended(status, captured.out, captured.err)

    return run


def run_main(name: str, options: dict[str, Any]) -> int:
    component, *command = name.split()
    main = importlib.import_module(f"components.{component}.main").main
    with (
        patch.object(sys, "argv", [component, *command, *words_of(options)]),
        patch.object(components.build_features, "features", demo_features(), create=True),
        pytest.raises(SystemExit) as ending,
    ):
        command_line.run(main)
    return int(ending.value.code or 0)


def words_of(options: dict[str, Any]) -> Iterator[str]:
    for option, value in options.items():
        yield f"--{option.replace('_', '-')}"
        yield json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)


def expect_document(document: Any, name: str) -> None:
    """Expect what the document's schema says, and no other keys."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


@pytest.fixture
def data_settings() -> dict[str, Any]:
    return data_settings_of()


def data_settings_of() -> dict[str, Any]:
    return {
        "tables": {
            "flights": {"uri": (FLIGHTS / "flights").as_uri(), "time": "scheduled_departure"},
            "weather": {"uri": (FLIGHTS / "weather").as_uri(), "time": "observed_at", "history_days": 2},
        },
        "rows": "flights",
        "label_matures_after_days": 1,
        "windows": {"training_days": 14, "evaluation_days": 7},
    }


@pytest.fixture
def feature_settings() -> dict[str, Any]:
    return feature_settings_of()


def feature_settings_of() -> dict[str, Any]:
    known = {"known": "before_departure"}
    categories = ["carrier", "origin", "destination", "departure_hour", "weekday"]
    return {
        "rows": "flights",
        "key": "flight_id",
        "time": "scheduled_departure",
        "label": {"name": "late", "type": "binary"},
        "moments": ["before_departure", "after_arrival"],
        "predict_at": "before_departure",
        "columns": {
            **{name: {"type": "category", **known} for name in categories},
            "distance": {"type": "number", "min": 0, "max": 6000, **known},
        },
    }


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of tables that load_data leaves for each window."""
    folder = tmp_path_factory.mktemp("loaded")
    for window in ("training", "evaluation"):
        options = {"data_settings": data_settings_of(), "as_of": AS_OF, "tables": folder / window}
        assert run_main("load_data", {"window": window, **options}) == 0
    return {window: folder / window for window in ("training", "evaluation")}


@pytest.fixture(scope="session")
def built(loaded: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of features that build_features leaves for each window."""
    files = {window: tmp_path_factory.mktemp("built") / window for window in loaded}
    for window, file in files.items():
        options = {"tables": loaded[window], "features": file, "feature_settings": feature_settings_of()}
        assert run_main("build_features", options) == 0
    return files


@pytest.fixture
def full_disk() -> Callable[[], Any]:
    """A context in which this process can write no file beyond a thousand bytes."""

    @contextmanager
    def limited() -> Iterator[None]:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    return limited
