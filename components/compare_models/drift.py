"""How far each week's features lie from the training rows: the population stability index (PSI)."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.compare_models.inputs import LABEL, TIME, floats, times, whole_numbers

BINS = 10
EMPTY = 1e-4  # the share an empty bin counts as, so that the logarithm stays finite


def drift(training: pa.Table, evaluation: pa.Table) -> dict[str, Any]:
    """PSI of every feature in every week of the evaluation rows, against the training rows."""
    time = times(evaluation.column(TIME))
    first = time.min().astype("datetime64[D]")
    day = (time - first) // np.timedelta64(1, "D")
    weeks = max(1, round((day.max() + 1) / 7))  # a rest of a few days goes with the last week
    week = np.minimum(day // 7, weeks - 1)
    shared = [name for name in evaluation.column_names[LABEL + 1 :] if name in training.column_names]
    return {
        "weeks": [str(first + 7 * each) for each in range(weeks)],
        "features": [
            {
                "name": name,
                "psi": psi_by_week(training.column(name), evaluation.column(name), week, weeks),
            }
            for name in shared
        ],
    }


def psi_by_week(
    training: pa.ChunkedArray, evaluation: pa.ChunkedArray, week: NDArray[np.intp], weeks: int
) -> list[float]:
    expected, found, bins = binned(training, evaluation)
    usual = shares(np.bincount(expected, minlength=bins))
    counts = np.bincount(week * bins + found, minlength=weeks * bins).reshape(weeks, bins)
    return [float(((actual := shares(row)) - usual) @ np.log(actual / usual)) for row in counts]


def shares(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.maximum(counts / max(counts.sum(), 1), EMPTY)


def binned(
    training: pa.ChunkedArray, evaluation: pa.ChunkedArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Bins of both, and their number: the training rows' deciles or values, and one for what they lack."""
    if pa.types.is_integer(training.type) or pa.types.is_floating(training.type):
        old, new = floats(training), floats(evaluation)
        known = old[np.isfinite(old)]
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else np.empty(0)
        number = (np.where(np.isnan(each), BINS, np.searchsorted(edges, each)) for each in (old, new))
        return *number, BINS + 1
    values = pc.unique(training.cast(pa.string()))
    last = len(values)  # a value that training never saw
    number = (
        whole_numbers(pc.index_in(column.cast(pa.string()), value_set=values), missing=last)
        for column in (training, evaluation)
    )
    return *number, last + 1
