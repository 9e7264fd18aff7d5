"""How well each champion did, week by week, on rows that no model had seen when they came."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from demo.story.outcome import Project
from engine.command_line import WorldError
from engine.images.kept_contexts import recover_image
from engine.judging import statistics
from engine.judging.differences import measure, subset
from engine.judging.inputs import Model, Rows, labelled_rows
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import Floats, Metric
from engine.settings.settings_schema import canonical_json
from engine.tables import read_table

WEEK = timedelta(days=7)
Document = dict[str, Any]
Reigns = list[tuple[date, str]]
"""From which day on which version was the champion."""


def performance(project: Project, reigns: Reigns, end: date, folder: Path) -> Document:
    """Figures of the champion, and of the first one had it been left in place, up to `end`."""
    policies = project.settings.policies
    for day, version in reigns:
        seen = project.registry.version(version)["record"]["training_window"]["end"]
        if seen is None or seen > str(day):
            raise WorldError(f"version {version}: expected rows up to {day} in its training, found {seen}")
    rows = scored(project, {version for _, version in reigns}, reigns[0][0], end, folder)
    return compared(rows, reigns, end, known_metrics()[project.settings.metric.name], policies.confidence)


def compared(rows: Rows, reigns: Reigns, end: date, metric: Metric, confidence: float) -> Document:
    """The figures of each week, and of each month or so of a champion with their intervals: a week's days are
    too few to tell one."""
    first = reigns[0][1]
    weeks = [
        stretch(rows, start, start + WEEK, version_on(reigns, start), first, metric, confidence)
        for start in starts(reigns[0][0], end)
    ]
    periods = [
        stretch(rows, start, until, version, first, metric, confidence)
        for start, until, version in cut(reigns, end)
    ]
    return {
        "metric": {"name": metric.name, "title": metric.title, "higher_is_better": metric.sign > 0},
        "confidence": confidence,
        "weeks": weeks,
        "periods": periods,
        "since_replaced": since_replaced([week for week in weeks if week["apart"]], confidence),
    }


def starts(first: date, end: date) -> Iterator[date]:
    """Of the whole weeks up to `end`."""
    while first + WEEK <= end:
        yield first
        first += WEEK


def version_on(reigns: Reigns, day: date) -> str:
    return [version for start, version in reigns if start <= day][-1]


def cut(reigns: Reigns, end: date) -> Iterator[tuple[date, date, str]]:
    """Stretches of about four weeks and one champion each: first day, first day after, version."""
    for (start, version), until in zip(reigns, [*(day for day, _ in reigns[1:]), end], strict=True):
        days = (until - start).days
        parts = max(1, round(days / (4 * WEEK.days)))
        edges = [start + timedelta(round(days * part / parts)) for part in range(parts + 1)]
        yield from ((*edges, version) for edges in pairwise(edges) if edges[0] < edges[1])


def stretch(
    rows: Rows, start: date, end: date, version: str, first: str, metric: Metric, confidence: float
) -> Document:
    """The champion, the first model, and where they are two, how far apart, from `start` to `end`."""
    part = subset(rows, (rows.time >= np.datetime64(start)) & (rows.time < np.datetime64(end)))

    def described(value: float, influence: Floats) -> Document:
        found = statistics.estimate(value, influence, part.cluster, confidence)
        return {"value": found.value, "lower": found.lower, "upper": found.upper}

    (value, influence), (other, others) = (measure(metric, part, each) for each in (version, first))
    better = described(metric.sign * (value - other), metric.sign * (influence - others))
    return {
        "start": str(start),
        "end": str(end),
        "version": version,
        "rows": len(part.label),
        "champion": described(value, influence),
        "frozen": described(other, others),
        "apart": better if version != first else None,
    }


def since_replaced(weeks: list[Document], confidence: float) -> Document | None:
    """Means of the weeks in which another than the first model was champion, and how far apart they are, with
    an interval clustered by week."""
    if len(weeks) < 2:
        return None
    means = {who: float(np.mean([week[who]["value"] for week in weeks])) for who in ("champion", "frozen")}
    apart = np.array([week["apart"]["value"] for week in weeks])
    mean = float(apart.mean())
    found = statistics.estimate(mean, apart - mean, np.arange(len(weeks)), confidence)
    return means | {
        "weeks": len(weeks),
        "difference": found.value,
        "lower": found.lower,
        "upper": found.upper,
    }


def scored(project: Project, versions: set[str], start: date, end: date, folder: Path) -> Rows:
    """The labelled rows from `start` up to `end`, with what each version predicts in its own images."""
    settings = project.settings
    matures = timedelta(settings.label.matures_after_days)
    raw = folder / "tables"
    component(
        project.root,
        "load_data",
        *("--data-settings", settings.data_settings(project.root, (end - start).days)),
        *("--window", "evaluation", "--as-of", str(end + matures), "--tables", raw),
    )
    models: dict[str, Model] = {}
    for version in sorted(versions):
        document = project.registry.fetch(version, folder / version)
        features, predictions = (folder / version / f"{each}.parquet" for each in ("features", "predictions"))
        asked = ("--feature-settings", canonical_json(document["feature_settings"]))
        homes = {
            name: recover_image(
                document["images"][name], document["code_sha"], project.root, project.registry
            ).path
            for name in ("build_features", "score_model")
        }
        about = (*asked, "--features", features)
        component(homes["build_features"], "build_features", *about, "--tables", raw)
        model = ("--model", folder / version)
        component(homes["score_model"], "score_model", *about, *model, "--predictions", predictions)
        models[version] = Model(document["record"], version, read_table(predictions))
    return labelled_rows(read_table(features), models, settings.policies.cluster, [])


def component(home: Path, name: str, *arguments: str | Path) -> None:
    """Run a component as `home` has it, a checkout or a staged image."""
    command = [sys.executable, "-m", f"components.{name}.main", *map(str, arguments)]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise WorldError(f"{name} in {home}: {said.removeprefix('error: ')}")
