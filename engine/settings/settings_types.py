"""The kinds of values that mlops.yaml has, each with what its error says was expected."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator


def text_like(pattern: str, expected: str) -> Any:
    """A string type whose error says `expected` instead of showing the pattern."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise ValueError(expected)
        return value

    return Annotated[str, BeforeValidator(check)]


def _day(value: object) -> object:
    if value == "today" or type(value) is date:
        return value
    raise ValueError("a date such as 2013-09-02, or today")


def _quantity(value: object) -> object:
    """`cpu: 2` is a quantity as `cpu: "2"` is."""
    return str(value) if type(value) in (int, float) else value


Name = text_like(r"[A-Za-z_][A-Za-z0-9_]*", "a name of letters, digits and underscores")
ModelName = text_like(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "lower-case letters, digits and hyphens, 63 at most"
)
Uri = text_like(r"(file:///|s3://|https://).+|(?![a-z0-9+.-]+://).+", "a path, file:///, s3:// or https://")
DottedPath = text_like(
    r"[A-Za-z_]\w*(\.\w+)+", "an estimator with its module, as sklearn.linear_model.LogisticRegression"
)
Repository = text_like(
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+",
    "an image repository with no tag, as docker.io/you/flight-delays",
)
Cpu = Annotated[text_like(r"\d+(\.\d+)?m?", "a number of cores, as 2 or 500m"), BeforeValidator(_quantity)]
Memory = Annotated[
    text_like(r"\d+(\.\d+)?([EPTGMK]i?)?", "an amount of memory, as 4Gi"), BeforeValidator(_quantity)
]
Day = Annotated[date | str, PlainValidator(_day)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """A mapping of the file. A key that has a default may be absent; a null is never what was meant."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)
