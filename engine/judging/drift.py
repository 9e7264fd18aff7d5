"""How far each week's features lie from the training rows, by sketches of them: PSI, and KS of numbers."""

import numpy as np
import pyarrow as pa

from engine import sketches
from engine.documents.monitor_decision import Drift, FeatureDrift
from engine.judging.inputs import LABEL, TIME
from engine.tables.columns import times


def drift(training: pa.Table, evaluation: pa.Table) -> Drift:
    """Drift of every feature that both have."""
    shared = [name for name in evaluation.column_names[LABEL + 1 :] if name in training.column_names]
    return weekly({name: sketches.sketch(training.column(name)) for name in shared}, evaluation)


def weekly(reference: sketches.Sketches, rows: pa.Table) -> Drift:
    """Drift of `rows` in each of their weeks against sketches of the training rows."""
    time = times(rows.column(TIME))
    first = time.min().astype("datetime64[D]")
    day = (time - first) // np.timedelta64(1, "D")
    weeks = max(1, round((day.max() + 1) / 7))  # a rest of a few days goes with the last week
    parts = [rows.filter(pa.array(np.minimum(day // 7, weeks - 1) == week)) for week in range(weeks)]
    features: list[FeatureDrift] = []
    for name, usual in reference.items():
        if name in rows.column_names:
            sketched_weeks = [sketches.counted(usual, part.column(name)) for part in parts]
            psi = [sketches.psi(usual, week) for week in sketched_weeks]
            ks = [usual.ks(week) for week in sketched_weeks]
            features.append({"name": name, "psi": psi, "ks": ks})
    return {"weeks": [str(first + 7 * each) for each in range(weeks)], "features": features}
