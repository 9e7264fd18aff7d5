"""Golden requests, golden.json: rows of the training as a request of the V2 protocol, and its answer."""

from typing import NotRequired, TypedDict


class Tensor(TypedDict):
    """Values in a row, of `shape`: rows and columns; an answer's has no datatype here."""

    name: str
    shape: list[int]
    data: list[object]
    datatype: NotRequired[str]
    parameters: NotRequired[dict[str, str]]


class OutputName(TypedDict):
    """An output that the server is asked for."""

    name: str


class Request(TypedDict):
    """What is sent to the model's server as it is."""

    parameters: NotRequired[dict[str, str]]
    inputs: list[Tensor]
    outputs: list[OutputName]


class GoldenRequests(TypedDict):
    """A request to the model's server, and the outputs that it must answer."""

    request: Request
    expected: list[Tensor]
