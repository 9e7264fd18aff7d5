"""Replay 2013 under several policies of retraining: trainings and mean weekly AUC."""

from datetime import date
from pathlib import Path
from statistics import mean

from bench import flights_year
from bench.flights_year import Lived, Year, live
from engine import command_line

STARTS = [date(2013, month, 1) for month in (3, 4, 5, 6, 7)]
END = date(2013, 12, 31)
DEFAULT = "as mlops.yaml has it"
POLICIES = {
    "never": (flights_year.never, {}),
    "every 8 weeks": (flights_year.every(8), {}),
    "every 4 weeks": (flights_year.every(4), {}),
    "every 2 weeks": (flights_year.every(2), {}),
    "every week": (flights_year.every(1), {}),
    "any drift alarm (a PSI of 0.1)": (flights_year.any_drift, {}),
    DEFAULT: (flights_year.monitored, {}),
    "`trigger: drop`": (flights_year.monitored, {"trigger": "drop"}),
    "`trigger: shadow`": (flights_year.monitored, {"trigger": "shadow"}),
    "1 alarm of 2 windows": (flights_year.monitored, {"alarms": 1}),
    "`cooldown_days: 28`": (flights_year.monitored, {"cooldown_days": 28}),
    "`maximum_age_days: 56`": (flights_year.monitored, {"maximum_age_days": 56}),
    "4 windows of 7 days": (flights_year.monitored, {"windows": 4, "window_days": 7}),
    "1 window of 28 days": (flights_year.monitored, {"windows": 1, "alarms": 1, "window_days": 28}),
}
DOCUMENT = Path("docs/monitoring.md")
FIRST, LAST = "<!-- figures -->\n", "<!-- end -->"


def main() -> int:
    parser = command_line.parser(__doc__)
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT}")
    arguments = parser.parse_args()

    from engine.settings import settings
    from engine.tests.demo_files import DEMO_SETTINGS

    root = Path.cwd()
    year = Year(settings.load(DEMO_SETTINGS), root)
    lines = ["| policy | trainings | promotions | mean weekly AUC |", "|---|--:|--:|--:|"]
    print(*lines, sep="\n", flush=True)
    averages = {}
    for name, (trains, rules) in POLICIES.items():
        lived = [live(year.with_rules(**rules), start, END, trains) for start in STARTS]
        found = Lived(*(mean(getattr(each, field) for each in lived) for field in Lived.__annotations__))
        averages[name] = found
        emphasis = "**" if name == DEFAULT else ""
        words = (name, f"{found.trainings:.1f}", f"{found.promotions:.1f}", f"{found.value:.4f}")
        lines.append("| " + " | ".join(f"{emphasis}{word}{emphasis}" for word in words) + " |")
        print(lines[-1], flush=True)
    if arguments.write:
        text = DOCUMENT.read_text()
        before, _, rest = text.partition(FIRST)
        DOCUMENT.write_text(before + FIRST + "\n".join(lines) + "\n" + LAST + rest.partition(LAST)[2])
    ours = averages.pop(DEFAULT)
    if not flights_year.on_frontier(ours, list(averages.values())):
        raise command_line.Finding("another policy is better with no more trainings, or as good with fewer")
    return 0


if __name__ == "__main__":
    command_line.run(main)
