"""Rows by how much lower the candidate's absolute error is than that of its references."""

from collections.abc import Iterable

import numpy as np

from engine.documents.policy import Policy
from engine.judging.inputs import Model, Rows
from engine.tests.model_versions import record_of
from engine.tests.policies import POLICY

LABEL, ERROR = 10.0, 8.0
START = np.datetime64("2013-08-01T00", "us")
MAE: Policy = POLICY | {
    "metric": "mae",
    "margin": 1.0,
    "minimum_rows": 2,
    "minimum_clusters": 2,
    "slices": {"columns": ["origin"], "minimum_rows": 2},
    "guardrails": {},
}
"""Two clusters decide, and differences are in the unit of the label."""


def paired_rows(*clusters: Iterable[float], origin: Iterable[str] = (), in_sequence: bool = False) -> Rows:
    """One row for each difference, cluster by cluster; a later cluster is a later day."""
    differences = np.array([each for cluster in clusters for each in cluster])
    cluster = np.repeat(np.arange(len(clusters)), [len([*each]) for each in clusters])
    names, codes = np.unique([*origin], return_inverse=True)
    reference = np.full(len(differences), LABEL + ERROR)
    return Rows(
        time=START + cluster * np.timedelta64(1, "D"),
        label=np.full(len(differences), LABEL),
        cluster=cluster,
        slices={"origin": ([*map(str, names)], codes)} if len(names) else {},
        predictions={"candidate": reference - differences, "control": reference, "champion": reference},
        in_sequence=in_sequence,
    )


def model_of(**record: object) -> Model:
    return Model(record_of("model") | record)
