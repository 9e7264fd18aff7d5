"""People get one message for each change of a workflow and each piece of news, and no address is printed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.tests.scripts.steps import Call
from engine.tests.standins.message_receiver import MessageReceiver, message_receiver

RUN = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/flights",
    "GITHUB_RUN_ID": "7",
}
LINK = "Run and report: https://github.com/acme/flights/actions/runs/7#artifacts"
Notify = Callable[..., Call]


@pytest.fixture
def receiver() -> Iterator[MessageReceiver]:
    with message_receiver() as receiver:
        yield receiver


@pytest.fixture
def notify(call: Callable[..., Call], tmp_path: Path) -> Notify:
    """Call it with NOTIFY_URL and its arguments."""

    def run(addresses: str, *arguments: str) -> Call:
        done = call(tmp_path, "notify", *arguments, **RUN, NOTIFY_URL=addresses)
        assert "hidden" not in done.printed + done.error
        return done

    return run


@pytest.mark.parametrize(
    ("arguments", "title", "body"),
    [
        (("--issue", "opened"), "acme/flights: training failed", LINK),
        (("--issue", "closed"), "acme/flights: training succeeds again", LINK),
        (("--news", "the new model lost"), "acme/flights: training", f"the new model lost\n{LINK}"),
        (
            ("--issue", "opened", "--news", "the new model lost"),
            "acme/flights: training failed",
            f"the new model lost\n{LINK}",
        ),
    ],
)
def test_a_change_or_news_is_sent_with_a_link(
    notify: Notify, receiver: MessageReceiver, arguments: tuple[str, ...], title: str, body: str
) -> None:
    done = notify(receiver.address, "training", *arguments)

    assert (done.status, done.printed) == (0, "sent to JSON\n")
    assert [(each["title"], each["message"]) for each in receiver.messages] == [(title, body)]


def test_nothing_new_sends_no_message(notify: Notify, receiver: MessageReceiver) -> None:
    assert notify(receiver.address, "training").status == 0
    assert notify("", "training", "--issue", "opened").status == 0
    assert receiver.messages == []


def test_every_address_is_tried_before_a_failure_ends_the_step(
    notify: Notify, receiver: MessageReceiver
) -> None:
    receiver.status = 403
    with message_receiver() as other:
        done = notify(f"{receiver.address}\n{other.address}\n", "training", "--issue", "opened")

        assert (done.status, len(receiver.messages), len(other.messages)) == (3, 1, 1)
        assert "error: JSON: expected the message to be taken" in done.error


def test_an_unknown_address_is_refused_before_any_message(notify: Notify, receiver: MessageReceiver) -> None:
    done = notify(f"{receiver.address}\nhidden-nonsense", "training", "--issue", "opened")

    assert (done.status, receiver.messages) == (2, [])
    assert "NOTIFY_URL, address 2: expected a URL of Apprise" in done.error
