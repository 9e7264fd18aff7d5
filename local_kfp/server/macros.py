"""The macros that the server expands in a run's parameters, such as [[CurrentTime.2006-01-02]].

The real server has more, [[ScheduledTime]] and [[Index]], but none of them is expanded in any run: those of
a schedule are started with the parameters as they are (kubeflow/pipelines#12494).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_MACRO = re.compile(
    r"\[\[RunUUID\]\]"
    r"|\[\[CurrentTime(?:\.(?P<layout>.*?))?\]\]"
    r"|\{\{\$\.currentTime\.strftime\('(?P<format>.*?)'\)\}\}"
)
_DEFAULT_LAYOUT = "20060102150405"


@dataclass(frozen=True)
class Macros:
    """The values when the API creates a run; `current` is in seconds."""

    run_id: str
    current: int

    def expand(self, text: str) -> str:
        """Replace each macro that is known, and leave the others."""
        return _MACRO.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        if match[0] == "[[RunUUID]]":
            return self.run_id
        moment = datetime.fromtimestamp(self.current, UTC)
        if match["format"] is not None:
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
