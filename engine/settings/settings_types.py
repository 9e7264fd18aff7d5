"""The kinds of values that mlops.yaml has, each with what its error says was expected."""

import re
from datetime import date
from typing import Annotated, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, PlainValidator
from pydantic_core import CoreSchema


def matches(pattern: str, expected: str) -> BeforeValidator:
    """A check of a whole string, whose error says `expected` instead of showing the pattern."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise ValueError(expected)
        return value

    return BeforeValidator(check)


def _day(value: object) -> object:
    if value == "today" or type(value) is date:
        return value
    raise ValueError("a date such as 2013-09-02, or today")


def _quantity(value: object) -> object:
    """`cpu: 2` is a quantity as `cpu: "2"` is."""
    return str(value) if type(value) in (int, float) else value


class _NotNull:
    """Validates `Value | None` as a `Value`: the file has no null."""

    @staticmethod
    def __get_pydantic_core_schema__(source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(get_args(source)[0])


Value = TypeVar("Value")
Omittable = Annotated[Value | None, _NotNull]
"""None if the key is absent."""
Name = Annotated[str, matches(r"[A-Za-z_][A-Za-z0-9_]*", "a name of letters, digits and underscores")]
ModelName = Annotated[
    str, matches(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "lower-case letters, digits and hyphens, 63 at most")
]
Uri = Annotated[
    str, matches(r"(file:///|s3://|https://).+|(?![a-z0-9+.-]+://).+", "a path, file:///, s3:// or https://")
]
DottedPath = Annotated[
    str,
    matches(
        r"[A-Za-z_]\w*(\.\w+)+", "an estimator with its module, as sklearn.linear_model.LogisticRegression"
    ),
]
Repository = Annotated[
    str,
    matches(
        r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+",
        "an image repository with no tag, as docker.io/you/flight-delays",
    ),
]
Lead = Annotated[str, matches(r"[1-9]\d{0,2}h", "whole hours, as 2h")]
Delay = Annotated[str, matches(r"\d{1,4}[mhd]", "minutes, hours or days, as 30m, 2h or 1d")]
MINUTES = {"m": 1, "h": 60, "d": 1440}
Cpu = Annotated[str, matches(r"\d+(\.\d+)?m?", "a number of cores, as 2 or 500m"), BeforeValidator(_quantity)]
Memory = Annotated[
    str, matches(r"\d+(\.\d+)?([EPTGMK]i?)?", "an amount of memory, as 4Gi"), BeforeValidator(_quantity)
]
Day = Annotated[date | str, PlainValidator(_day)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """A mapping of the file. A key that has a default may be absent; a null is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)
