"""What the server says of its model: the columns that it takes, and the outputs that it has."""

from collections.abc import Mapping
from typing import Any

from mlserver.types import MetadataTensor, Parameters

from engine.command_line.component_settings import Column


def inputs_of(columns: Mapping[str, Column]) -> list[MetadataTensor]:
    return [_input(name, column) for name, column in columns.items()]


def _input(name: str, column: Column) -> MetadataTensor:
    if column["type"] == "category":
        # MLServer also decodes requests by this: without it, texts that do not say so are bytes.
        text = Parameters(content_type="str")
        return MetadataTensor(name=name, datatype="BYTES", shape=[-1, 1], parameters=text)
    return MetadataTensor(name=name, datatype="FP64", shape=[-1, 1])


def outputs_of(model: Any) -> list[MetadataTensor]:
    """`predict`, and `predict_proba` with a column for each class."""
    classes = getattr(model, "classes_", None)
    if classes is None or not len(classes):  # CatBoost's regressors have an empty list
        return [MetadataTensor(name="predict", datatype="FP64", shape=[-1, 1])]
    kind = {"b": "BOOL", "i": "INT64", "u": "UINT64", "f": "FP64"}.get(classes.dtype.kind, "BYTES")
    outputs = [MetadataTensor(name="predict", datatype=kind, shape=[-1, 1])]
    if hasattr(model, "predict_proba"):
        outputs.append(MetadataTensor(name="predict_proba", datatype="FP64", shape=[-1, len(classes)]))
    return outputs
