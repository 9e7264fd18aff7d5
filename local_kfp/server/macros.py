"""The macros that the server expands in a run's parameters, such as [[ScheduledTime.2006-01-02]]."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_MACRO = re.compile(
    r"\[\[(?P<plain>RunUUID|Index)\]\]"
    r"|\[\[(?P<time>ScheduledTime|CurrentTime)(?:\.(?P<layout>.*?))?\]\]"
    r"|\{\{\$\.(?P<strftime>scheduledTime|currentTime)\.strftime\('(?P<format>.*?)'\)\}\}"
)
_DEFAULT_LAYOUT = "20060102150405"


@dataclass(frozen=True)
class Macros:
    """The values when a run starts; a run that no schedule started has no scheduled time and no index."""

    run_id: str
    current: int
    scheduled: int | None = None
    index: int | None = None

    def expand(self, text: str) -> str:
        """Replace each macro whose value is known, and leave the others."""
        return _MACRO.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        if match["plain"]:
            value = self.run_id if match["plain"] == "RunUUID" else self.index
            return match[0] if value is None else str(value)
        name = match["time"] or match["strftime"]
        seconds = self.scheduled if name.lower() == "scheduledtime" else self.current
        if seconds is None:
            return match[0]
        moment = datetime.fromtimestamp(seconds, UTC)
        if match["strftime"]:
            return moment.strftime(match["format"])
        return format_go(moment, _DEFAULT_LAYOUT if match["layout"] is None else match["layout"])


# Go writes a layout as one sample moment: Mon Jan 2 15:04:05 2006. Order matters: the longer sample first.
_GO_SAMPLES: dict[str, Callable[[datetime], str]] = {
    "January": lambda t: f"{t:%B}",
    "Jan(?![a-z])": lambda t: f"{t:%b}",
    "Monday": lambda t: f"{t:%A}",
    "Mon(?![a-z])": lambda t: f"{t:%a}",
    "MST": lambda t: "UTC",
    "2006": lambda t: f"{t:%Y}",
    "002": lambda t: f"{t:%j}",
    "__2": lambda t: f"{t.timetuple().tm_yday:3}",
    "01": lambda t: f"{t:%m}",
    "02": lambda t: f"{t:%d}",
    "03": lambda t: f"{t:%I}",
    "04": lambda t: f"{t:%M}",
    "05": lambda t: f"{t:%S}",
    "06": lambda t: f"{t:%y}",
    "15": lambda t: f"{t:%H}",
    "_2(?!006)": lambda t: f"{t.day:2}",
    "1": lambda t: str(t.month),
    "2": lambda t: str(t.day),
    "3": lambda t: str(t.hour % 12 or 12),
    "4": lambda t: str(t.minute),
    "5": lambda t: str(t.second),
    "PM": lambda t: f"{t:%p}",
    "pm": lambda t: f"{t:%p}".lower(),
    "-07:00:00": lambda t: "+00:00:00",
    "-07:00": lambda t: "+00:00",
    "-070000": lambda t: "+000000",
    "-0700": lambda t: "+0000",
    "-07": lambda t: "+00",
    "Z07:00:00|Z070000|Z07:00|Z0700|Z07": lambda t: "Z",
    r"[.,]9+(?!\d)": lambda t: "",
}
_GO_LAYOUT = re.compile("|".join(f"({sample})" for sample in _GO_SAMPLES))
_GO_FORMATS = list(_GO_SAMPLES.values())


def format_go(moment: datetime, layout: str) -> str:
    """A moment in UTC, of whole seconds, in the layout of Go's time package."""
    return _GO_LAYOUT.sub(lambda match: _GO_FORMATS[match.groups().index(match[0])](moment), layout)
