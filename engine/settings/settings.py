"""Reads mlops.yaml: typed settings, or one line that says where, what was expected, and what was found."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.command_line import SettingsError
from engine.command_line.component_settings import history_of
from engine.metrics.known_metrics import guardrails_for, metrics_for
from engine.metrics.metrics import MODEL_BYTES
from engine.settings.located_yaml import LocatedYaml
from engine.settings.moments import Problem, moment_disagreements
from engine.settings.serving_schema import SERVICE_NAME
from engine.settings.settings_schema import Settings

Schema = TypeVar("Schema", bound=BaseModel)


def load(path: Path) -> Settings:
    """The settings in the file at `path`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise SettingsError(f"{path}: expected the project's settings, found no such file") from None
    return parse(content, path.name)


def parse(content: bytes | str, name: str) -> Settings:
    """The settings in `content`, wherever it comes from (the base branch, for one); errors call it `name`."""
    document = LocatedYaml(content, name)
    settings = validated(document, Settings)
    for problem in _disagreements(settings):
        raise document.error(*problem)
    return settings


def validated(document: LocatedYaml, schema: type[Schema]) -> Schema:
    """The document as `schema` has it, or the error that a person reads, at its line."""
    try:
        return schema.model_validate(document.value)
    except ValidationError as error:
        # A misspelt key is missing under its right name too, so the misspelling is reported first.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        raise document.error(*_explain(first, schema)) from None


def _disagreements(settings: Settings) -> Iterator[Problem]:
    """Each value that is right by itself and wrong beside another."""
    data, features, policies = settings.data, settings.features, settings.policies
    if data.rows not in data.tables:
        yield ("data", "rows"), _not_one_of("a table", data.rows, data.tables)
    if features.predict_at not in features.moments:
        yield ("features", "predict_at"), _not_one_of("a moment", features.predict_at, features.moments)
    yield from _column_disagreements(settings)
    yield from _history_disagreements(settings)
    yield from _type_disagreements(settings)
    for table, each in data.tables.items():
        for column, known in each.known.items():
            if known not in features.moments:
                problem = _not_one_of("a moment", known, features.moments)
                yield ("data", "tables", table, "known", column), problem
    for index, column in enumerate(policies.slices.columns):
        if column not in features.columns:
            yield ("policies", "slices", "columns", index), _not_one_of("a feature", column, features.columns)
    if policies.cluster not in {"day", *features.columns}:
        columns = ["day", *features.columns]
        yield ("policies", "cluster"), _not_one_of("day or a feature", policies.cluster, columns)
    if settings.monitoring.alarms > settings.monitoring.windows:
        alarms = settings.monitoring.alarms
        yield (
            ("monitoring", "alarms"),
            f"expected at most the {settings.monitoring.windows} windows, found {alarms}",
        )
    yield from _serving_disagreements(settings)
    yield from _task_disagreements(settings)
    yield from _schedule_disagreements(settings)
    yield from moment_disagreements(settings)
    label = settings.label.type
    if settings.label.positive is not None and label != "binary":
        yield ("label", "positive"), f"expected no positive value of a {label} label, found one"
    if settings.metric.name not in metrics_for(label):
        problem = _not_one_of(f"a metric of a {label} label", settings.metric.name, metrics_for(label))
        yield ("metric", "name"), problem
    for name in policies.guardrails.model_fields_set - {MODEL_BYTES, *guardrails_for(label)}:
        problem = _not_one_of(f"a guardrail of a {label} label", name, guardrails_for(label))
        yield ("policies", "guardrails", name), problem


def _column_disagreements(settings: Settings) -> Iterator[Problem]:
    features = settings.features
    rows = settings.data.tables.get(settings.data.rows)
    taken = {settings.data.key: "the key", settings.label.name: "the label", rows and rows.time: "the time"}
    for name, column in features.columns.items():
        here = ("features", "columns", name)
        if name in taken:
            yield here, f"expected a feature's name, found that of {taken[name]}"
        if column.known not in features.moments:
            yield (*here, "known"), _not_one_of("a moment", column.known, features.moments)
        if column.type == "category" and (column.min, column.max) != (None, None):
            yield here, "expected no min and max for a category, found one"
        if column.min is not None and column.max is not None and column.min > column.max:
            yield here, f"expected min <= max, found {column.min:g} and {column.max:g}"


def _history_disagreements(settings: Settings) -> Iterator[Problem]:
    data = settings.data
    rows, name = data.tables.get(data.rows), history_of(data.rows)
    if rows and rows.history_days and name in data.tables:
        yield ("data", "tables", name), f"expected another name, found that of the history of {data.rows}"


def _type_disagreements(settings: Settings) -> Iterator[Problem]:
    for name, table in settings.data.tables.items():
        here = ("data", "tables", name)
        if table.format == "csv" and table.types.get(table.time) not in ("timestamp", "date"):
            problem = f"expected {table.time}: timestamp or date among the types of a CSV table's columns"
            yield here, f"{problem}, found {table.types.get(table.time, 'none')}"
        if table.format != "csv" and table.types:
            yield (
                (*here, "types"),
                "expected format: csv, because parquet has types of its own, found none",
            )
        elif table.format != "csv" and re.search(r"\.csv(\.gz)?$", table.uri, re.IGNORECASE):
            yield here, f"expected format: csv and types beside {table.uri}, found neither"


def _serving_disagreements(settings: Settings) -> Iterator[Problem]:
    serving = settings.serving
    if serving is None:
        return
    if not serving.name and not re.fullmatch(SERVICE_NAME, settings.model):
        too_long = f"expected a name of at most 41 characters, a letter first; {settings.model} does not fit"
        yield ("serving",), too_long
    steps = serving.canary.steps
    if steps != sorted({*steps}):
        yield ("serving", "canary", "steps"), f"expected shares of traffic that rise, found {steps}"
    if "steps" in serving.canary.model_fields_set and steps and not serving.has_canary_steps():
        yield ("serving", "canary", "steps"), "expected mode knative, or mode standard with a gateway"
    storage = serving.storage
    if (storage.credentials == "irsa") != (storage.role_arn is not None):
        yield ("serving", "storage"), "expected role_arn with credentials irsa, and with no other"


def _schedule_disagreements(settings: Settings) -> Iterator[Problem]:
    from engine.settings.cron_times import ever_due

    for name, schedule in settings.schedules.runs.items():
        here = ("schedules", "runs", name)
        if not ever_due(schedule.cron):
            yield (*here, "cron"), f"expected a time that comes, found {schedule.cron!r}, which never does"
        for parameter, value in schedule.parameters.items():
            if "[[" in value:
                problem = f"expected a value, found {value!r}: no endpoint replaces a macro in it"
                yield (*here, "parameters", parameter), problem


def _task_disagreements(settings: Settings) -> Iterator[Problem]:
    for component, resources in settings.resources.items():
        for name, volume in resources.volumes.items():
            if (volume.claim is None) == (volume.size is None) or (volume.claim and volume.storage_class):
                problem = "expected a claim that is there, or size (and storage_class) of a new one"
                yield ("resources", component, "volumes", name), problem
        for index, term in enumerate(resources.node_affinity):
            if bool(term.values) == (term.operator in ("Exists", "DoesNotExist")):
                problem = f"expected values, but for Exists and DoesNotExist; found {len(term.values)}"
                yield ("resources", component, "node_affinity", index, "values"), problem


def _not_one_of(what: str, value: str, allowed: Iterable[str]) -> str:
    return f"expected {what}, found {value!r}{_suggestion(value, allowed)}"


def _suggestion(value: object, allowed: Iterable[str]) -> str:
    """The nearest of `allowed`, or all of them if none is near and they fit a line."""
    names = list(allowed)
    near = get_close_matches(str(value), names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(names)}" if len(names) <= 12 else ""


def _explain(error: ErrorDetails, schema: type[BaseModel]) -> Problem:
    """pydantic's error as a path of the document and one clear clause."""
    # "[key]" and, among an estimator's free parameters, "float" are pydantic's own additions to the path.
    path = tuple(part for part in error["loc"] if part not in ("[key]", "float"))
    shown = _shown(error["input"])
    match error["type"]:
        case "extra_forbidden":
            return path, f"expected no such key{_suggestion(path[-1], _keys_at(path[:-1], schema))}"
        case "missing":
            return path, "expected this key, found nothing"
        case "literal_error":
            values = error["ctx"]["expected"].replace("'", "")
            near = _suggestion(error["input"], values.replace(" or ", ", ").split(", "))
            return path, f"expected {values}, found {shown}{near if near.startswith('; did') else ''}"
        case "value_error":
            return path, f"expected {error['ctx']['error']}, found {shown}"
        case "model_type":
            return path, f"expected a mapping of {', '.join(_keys_at(path, schema))}, found {shown}"
        case "invalid-json-value":
            return path, f"expected text, a number, true, false, null, a list or a mapping, found {shown}"
    return path, f"{error['msg'].replace('Input should be', 'expected').lower()}, found {shown}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict() | list():
            return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    return repr(value) if isinstance(value, str) else str(value)


def _keys_at(path: tuple[str | int, ...], schema: type[BaseModel]) -> list[str]:
    """The keys that the section at `path` of the document may have."""
    annotation: object = schema
    for part in path:
        annotation = _annotation_of(part, annotation)
    section = _section(annotation)
    return list(section.model_fields) if section else []


def _annotation_of(part: str | int, annotation: object) -> object:
    """What a section says of its key `part`, and a list or mapping of its entries."""
    section = _section(annotation)
    if section is None:
        return get_args(annotation)[-1]
    if str(part) in section.model_fields:
        return section.model_fields[str(part)].annotation
    return get_args(section.__annotations__["__pydantic_extra__"])[-1]


def _section(annotation: object) -> type[BaseModel] | None:
    """The section that `annotation` says, also if its key may be absent; None for any other type."""
    kinds = (annotation, *(get_args(annotation) if isinstance(annotation, UnionType) else ()))
    sections = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return next(sections, None)
