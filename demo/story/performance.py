"""How well each champion did, week by week, on rows that no model had seen when they came."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from demo.story.outcome import Project
from demo.story.story_document import Figure, SinceReplaced, Stretch, YearPerformance
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
Reigns = list[tuple[date, str]]
"""From which day on which version was the champion."""


def performance(project: Project, reigns: Reigns, end: date, folder: Path) -> YearPerformance:
    """Figures of the champion, and of the first one had it been left in place, up to `end`."""
    policies = project.settings.policies
    for day, version in reigns:
        trained_until = project.registry.version(version)["record"]["training_window"]["end"]
        if trained_until is None or trained_until > str(day):
            raise WorldError(
                f"version {version}: expected rows up to {day} in its training, found {trained_until}"
            )
    rows = scored(project, {version for _, version in reigns}, reigns[0][0], end, folder)
    return compared(rows, reigns, end, known_metrics()[project.settings.metric.name], policies.confidence)


def compared(rows: Rows, reigns: Reigns, end: date, metric: Metric, confidence: float) -> YearPerformance:
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
        "since_replaced": since_replaced(weeks, confidence),
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
) -> Stretch:
    """The champion, the first model, and if they are two, how far apart, from `start` to `end`."""
    part = subset(rows, (rows.time >= np.datetime64(start)) & (rows.time < np.datetime64(end)))

    def figure(value: float, influence: Floats) -> Figure:
        estimate = statistics.estimate(value, influence, part.cluster, confidence)
        return {"value": estimate.value, "lower": estimate.lower, "upper": estimate.upper}

    value, influence = measure(metric, part, version)
    first_value, first_influence = measure(metric, part, first)
    apart = figure(metric.sign * (value - first_value), metric.sign * (influence - first_influence))
    return {
        "start": str(start),
        "end": str(end),
        "version": version,
        "rows": len(part.label),
        "champion": figure(value, influence),
        "frozen": figure(first_value, first_influence),
        "apart": apart if version != first else None,
    }


def since_replaced(weeks: list[Stretch], confidence: float) -> SinceReplaced | None:
    """Means of the weeks in which another than the first model was champion, and how far apart they are, with
    an interval clustered by week; None if there are fewer than two."""
    values = [
        (week["champion"]["value"], week["frozen"]["value"], week["apart"]["value"])
        for week in weeks
        if week["apart"]
    ]
    if len(values) < 2:
        return None
    champion, frozen, apart = np.array(values).T
    mean = float(apart.mean())
    estimate = statistics.estimate(mean, apart - mean, np.arange(len(apart)), confidence)
    return {
        "champion": float(champion.mean()),
        "frozen": float(frozen.mean()),
        "weeks": len(apart),
        "difference": estimate.value,
        "lower": estimate.lower,
        "upper": estimate.upper,
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
        features = folder / version / "features.parquet"
        predictions = folder / version / "predictions.parquet"
        images = {
            name: recover_image(
                document["images"][name], document["code_sha"], project.root, project.registry
            ).path
            for name in ("build_features", "score_model")
        }
        feature_settings = canonical_json(document["feature_settings"])
        feature_options = ("--feature-settings", feature_settings, "--features", features)
        score_options = ("--model", folder / version, "--predictions", predictions)
        component(images["build_features"], "build_features", *feature_options, "--tables", raw)
        component(images["score_model"], "score_model", *feature_options, *score_options)
        models[version] = Model(document["record"], version, read_table(predictions))
    return labelled_rows(read_table(features), models, settings.policies.cluster, [])


def component(folder: Path, name: str, *arguments: str | Path) -> None:
    """Run a component as `folder` has it, a checkout or a staged image."""
    command = [sys.executable, "-m", f"components.{name}.main", *map(str, arguments)]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if process.returncode:
        error = (process.stderr.strip().splitlines() or [f"exit {process.returncode}"])[-1]
        raise WorldError(f"{name} in {folder}: {error.removeprefix('error: ')}")
