"""Print a decision so that one sees it at a glance; light enough for any command to import."""

from collections.abc import Iterator
from typing import TextIO, TypedDict

from engine.documents.monitor_decision import Decision, MonitoredWindow, WindowDifference, WindowFigure
from engine.reporting.display import BADGE, BOLD, COLORS, DIM, WIDEST, Display
from engine.wording.text import DrawnRow, Tone, cluster_noun, interval, printable, unsigned

OUTCOMES = {
    "ALARM": "the champion needs retraining",
    "QUIET": "the champion stays",
    "NOT_ENOUGH_EVIDENCE": "cannot tell",
    "DATA_FAULT": "no alarm on broken data",
    "COOLING_DOWN": "no alarm so soon after the last",
    "NOT_REARMED": "the alarm was raised before",
    "CAPPED": "no alarm, the week has had its own",
    "ALREADY_DECIDED": "decided by another run",
    "OUT_OF_ORDER": "nothing is decided",
}


class Forest(TypedDict):
    """A question that windows answer, and its answers as the rows of a forest plot."""

    title: str
    rows: list[DrawnRow]


def tone(decision: Decision) -> Tone:
    match decision["decision"]:
        case "ALARM":
            return "bad"
        case "QUIET":
            return "good"
    return "open"


def show(decision: Decision, stream: TextIO) -> None:
    """Print the decision as wide as `stream` is, in color if it has any."""
    display = Display.of(stream)
    print(render(decision, display.color, display.width), file=stream)


def render(decision: Decision, color: bool, width: int = WIDEST) -> str:
    """The decision as lines of at most `width` columns; without `color` they are plain text."""
    display = Display(color, width)
    paint, shade, name = display.paint, COLORS[tone(decision)], decision["decision"]
    lines = ["", f"{paint(f' {name} ', BADGE, BOLD, shade)} {paint(OUTCOMES[name], BOLD, shade)}"]
    lines += display.wrap(printable(decision["reason"]))
    lines += display.wrap(printable(decision["next"]))
    for picture in pictures(decision, display):
        lines += ["", *picture]
    for kind, entries in (("finding", decision["findings"]), ("warning", decision["warnings"])):
        for entry in entries:
            lines += display.labelled(kind, printable(entry["message"]))
    for each in decision["unknown"]:
        lines += display.labelled("unknown", each)
    if rows := decision["rows"]:
        noun = cluster_noun(rows["cluster"])
        used = f"{rows['n']:,} rows in {rows['clusters']} {noun}, {rows['start'][:10]} to {rows['end'][:10]}"
        lines += ["", paint(used, DIM)]
    return "\n".join([*lines, ""])


def forests(decision: Decision) -> list[Forest]:
    """For each question that the windows answer, the rows of a forest plot."""
    windows = decision["windows"]
    answers = {
        "the shadow minus the champion": [(window, window["shadow"]) for window in windows],
        "the champion now, minus when it passed the gate": [(window, window["drop"]) for window in windows],
    }
    forests: list[Forest] = []
    for title, differences in answers.items():
        rows = [row for window, difference in differences for row in drawn(window, difference)]
        if rows:
            forests.append({"title": title, "rows": rows})
    return forests


def drawn(window: MonitoredWindow, answer: WindowDifference | None) -> Iterator[DrawnRow]:
    """The row of a window's difference; none without an interval."""
    if answer and answer["lower"] is not None and answer["upper"] is not None:
        yield {
            "name": f"{window['start'][5:10]} to {window['end'][5:10]}",
            "text": interval(answer),
            "tone": "bad" if answer["found"] else "good",
            "lower": answer["lower"],
            "difference": answer["difference"],
            "upper": answer["upper"],
        }


def pictures(decision: Decision, display: Display) -> Iterator[list[str]]:
    """The windows as bars; a cross counts towards an alarm."""
    figures = [(window, window["champion"]) for window in decision["windows"]]
    if judged := [(window, figure) for window, figure in figures if figure]:
        lines = display.wrap(f"{decision['metric']['title']} of the champion in each window")
        yield [display.paint(line, BOLD) for line in lines] + [
            f"  {window['start'][5:10]} to {window['end'][5:10]}    {shown(figure)}"
            for window, figure in judged
        ]
    for forest in forests(decision):
        yield display.forest(forest["title"], forest["rows"], 0.0)


def shown(figure: WindowFigure) -> str:
    return f"{unsigned(figure['value'])} [{unsigned(figure['lower'])}, {unsigned(figure['upper'])}]"
