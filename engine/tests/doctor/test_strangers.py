"""What a request without credentials comes to: let in, refused, or not known, because nothing answered."""

import pytest

from engine.doctor import endpoint
from engine.doctor.endpoint import answer_to_strangers
from engine.tests.doctor.broken_set_ups import SetUp, closed_port, healthy
from engine.tests.standins.http_server import CLOSED, Answer
from scripts.doctor import examine

PAGE = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (healthy, ("let in", "200")),
        (Answer(401), ("refused", "401")),
        (Answer(403), ("refused", "403")),
        (Answer(302, {"Location": "https://login.example.com/"}), ("refused", "302")),
        (Answer(200, PAGE, b"<html>Log in</html>"), ("refused", "200")),
        (Answer(503), ("unknown", "503")),
        (CLOSED, ("unknown", "ConnectionError")),
    ],
)
def test_a_request_without_credentials_is(up: SetUp, answer, outcome) -> None:
    assert answer_to_strangers(f"{up.secure(answer)}/pipeline") == outcome


def test_an_endpoint_that_does_not_answer_is_not_known_to_refuse(up: SetUp) -> None:
    up.monkeypatch.setattr(endpoint, "is_public", lambda host: True)
    host = f"https://127.0.0.1:{closed_port()}/pipeline"
    found = {each.check: each for each in examine(up.site(KUBEFLOW_HOST=host), ("endpoint",))}
    for check in ("requests without credentials", "default login"):
        assert (found[check].status, "found ConnectionError" in found[check].found) == ("skipped", True)
