"""Requests, and how Kubeflow Pipelines 2.17.0 answers them: facts that the local server is held to.

Recorded from the real API server, which was built from its source and run. The facts are the status and, for
errors, the gRPC code; messages are in the words of this server.
"""

from dataclasses import dataclass
from typing import Any

GRPC_CODES = {400: 3, 404: 5, 409: 10, 500: 13}
ALREADY_EXISTS = 6
EMOJI = "\N{ROCKET}"


@dataclass(frozen=True)
class Exchange:
    """A request below /apis/v2beta1 and its status; `<pipeline>`, `<run>` and so on stand for ids."""

    name: str
    request: str
    status: int
    body: Any = None
    code: int | None = None
    """The gRPC code of an error where several have this status."""
    message: str = ""
    """Text that the error contains."""


EXPERIMENTS = "POST /experiments"
NAMES = [
    Exchange("an experiment", EXPERIMENTS, 200, {"display_name": "new"}),
    Exchange("its name again", EXPERIMENTS, 409, {"display_name": "mine"}, ALREADY_EXISTS, "already exists"),
    Exchange("its name in upper case", EXPERIMENTS, 409, {"display_name": "MINE"}, ALREADY_EXISTS, "MINE"),
    Exchange("a pipeline's name in upper case", "POST /pipelines", 409, {"name": "GREETING"}, ALREADY_EXISTS),
    Exchange("an experiment's name of 128", EXPERIMENTS, 200, {"display_name": "e" * 128}),
    Exchange("an experiment's name of 129", EXPERIMENTS, 500, {"display_name": "e" * 129}, message="128"),
    Exchange("a pipeline's name of 128", "POST /pipelines", 200, {"name": "p" * 128}),
    Exchange("a pipeline's name of 129", "POST /pipelines", 500, {"name": "p" * 129}, message="128"),
    Exchange(
        "an experiment's name with an emoji", EXPERIMENTS, 500, {"display_name": EMOJI}, message="emoji"
    ),
    Exchange("a pipeline's name with an emoji", "POST /pipelines", 500, {"name": EMOJI}, message="emoji"),
    Exchange("a name with an umlaut", EXPERIMENTS, 200, {"display_name": "Prüfung"}),
]
EXCHANGES = [*NAMES]
