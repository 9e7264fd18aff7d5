"""The server's clock, and times of the API in RFC 3339."""

import time
from datetime import UTC, datetime

from local_kfp.server.errors import invalid

LATEST = int(datetime(9998, 12, 31, tzinfo=UTC).timestamp())
"""The last time of a schedule: a local time of it is before the year 10000, which Python does not have."""


class Clock:
    """Whole seconds since 1970, as the real server stores them; tests pass a clock that they can set."""

    def now(self) -> int:
        return int(time.time())


def format_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise invalid(f'proto: invalid google.protobuf.Timestamp value "{text}"') from None
