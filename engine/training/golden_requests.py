"""The golden requests of a model just trained: rows of its training, and what it answers."""

from typing import Any

import numpy as np
import pandas as pd

ROWS = 20
DATATYPES = {"b": "BOOL", "i": "INT64", "u": "UINT64", "f": "FP64"}


def golden(model: Any, features: pd.DataFrame) -> dict[str, Any]:
    """The request to send as it is to the server of `model`, and the outputs to expect, values in a row.

    TypeError or ValueError if a column holds what the protocol has no word for.
    """
    rows = choose(features)
    expected = {"predict": model.predict(rows)}
    if hasattr(model, "predict_proba"):
        expected["predict_proba"] = model.predict_proba(rows)
    request = {
        "parameters": {"content_type": "pd"},
        "inputs": [encode(rows[name]) for name in rows.columns],
        "outputs": [{"name": name} for name in expected],
    }
    outputs = [
        {"name": name, "shape": [len(rows), values.size // len(rows)], "data": values.ravel().tolist()}
        for name, values in expected.items()
    ]
    return {"request": request, "expected": outputs}


def choose(features: pd.DataFrame) -> pd.DataFrame:
    """Rows from all along the window, and for each column one that lacks it, if there is any."""
    along = np.linspace(0, len(features) - 1, min(ROWS, len(features))).astype(int)
    lacking = [int(missing.argmax()) for _, missing in features.isna().items() if missing.any()]
    return features.iloc[sorted({*along.tolist(), *lacking})]


def encode(column: pd.Series) -> dict[str, Any]:
    """A column as a tensor of the V2 protocol, as MLServer makes a DataFrame of."""
    values = [None if pd.isna(value) else value for value in column.tolist()]
    tensor = {"name": column.name, "shape": [len(values), 1], "data": values}
    kind = "f" if column.dtype.kind in "iu" and None in values else column.dtype.kind
    if kind in DATATYPES and not (kind == "b" and None in values):
        return tensor | {"datatype": DATATYPES[kind]}
    if odd := [value for value in values if not isinstance(value, str | None)]:
        raise TypeError(f"{column.name} holds {type(odd[0]).__name__}")
    return tensor | {"datatype": "BYTES", "parameters": {"content_type": "str"}}
