"""The server's clock, and times of the API in RFC 3339."""

import time
from datetime import UTC, datetime

from local_kfp.server.errors import invalid


class Clock:
    """Whole seconds since 1970, as the real server stores them; tests pass a clock that they can set."""

    def now(self) -> int:
        return int(time.time())


def format_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f'proto: invalid google.protobuf.Timestamp value "{text}"') from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
