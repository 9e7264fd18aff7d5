"""What takes messages: the JSON that Apprise posts to an address of the form json://host:port/."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypedDict

from engine.tests.standins.http_server import Answer, Request, serving_requests


class ReceivedMessage(TypedDict):
    """Fields of Apprise's JSON, version 1.0, of which tests read these."""

    title: str
    message: str


@dataclass
class MessageReceiver:
    """Keeps every message; answers `status`."""

    address: str = ""
    """As NOTIFY_URL has it, with a secret in its path."""
    messages: list[ReceivedMessage] = field(default_factory=list)
    status: int = 200

    def answer(self, request: Request) -> Answer:
        self.messages.append(json.loads(request.body))
        return Answer(self.status)


@contextmanager
def message_receiver() -> Iterator[MessageReceiver]:
    receiver = MessageReceiver()
    with serving_requests(receiver.answer) as host:
        receiver.address = f"json://{host}/hidden-token"
        yield receiver
