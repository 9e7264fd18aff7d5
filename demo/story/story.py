"""The story of the year 2013: what is done on which day, by which commands, and the outcome expected."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

CHANGES = Path(__file__).parent / "changes"
END = date(2014, 1, 1)
"""The first day that there are no flights of."""


@dataclass(frozen=True)
class Step:
    day: date
    title: str
    why: str
    commands: tuple[str, ...]
    """As one types them in the project; the last one tells how the step turned out."""
    ends: str
    """The word that it has to come to: a verdict, a decision, or what was done."""
    change: str = ""
    """The patch of CHANGES that the commands apply."""
    status: int = 0

    @property
    def tells(self) -> str:
        """The script whose documents tell what was found."""
        return self.commands[-1].split()[2].removeprefix("scripts.")


def pull_request(day: date, title: str, why: str, change: str, ends: str, status: int = 0) -> Step:
    commands = (
        f"git switch --quiet --create {change} main",
        f"git apply ../changes/{change}.patch",
        f'git commit --quiet --all --message "{title}"',
        f"python -m scripts.gate --as-of {day}",
    )
    return Step(day, f"A pull request: {title.lower()}", why, commands, ends, change, status)


SPRING, JULY, LATE_JULY, AUGUST = date(2013, 5, 2), date(2013, 7, 4), date(2013, 7, 18), date(2013, 8, 1)
LATE_AUGUST, OCTOBER, DECEMBER = date(2013, 8, 15), date(2013, 10, 3), date(2013, 12, 5)

STORY = (
    Step(
        SPRING,
        "The first model",
        "Trained up to the middle of March and scored on the seven weeks after. There is no champion yet, so"
        " it has to beat a floor and a constant prediction.",
        (f"python -m scripts.gate --as-of {SPRING}",),
        "NO_CHAMPION",
    ),
    Step(
        SPRING,
        "It becomes the champion",
        "Training again, through the gate once more: the model is registered as a version, and the champion"
        " points at it.",
        ("python -m scripts.promote",),
        "NO_CHAMPION",
    ),
    Step(
        SPRING,
        "The champion predicts the day's flights",
        "Inference only loads the champion. Each prediction is kept with the version that made it.",
        (f"python -m scripts.predict --as-of {SPRING}",),
        "PREDICTED",
    ),
    pull_request(
        JULY,
        "Add the weather two hours before departure",
        "Candidate and control are trained on the same rows, so that the change counts and not the fresher"
        " window; the champion goes through its own features.",
        "weather",
        "BETTER",
    ),
    Step(
        JULY,
        "It is merged, and its model promoted",
        "After the merge the new model meets the champion once more, and takes over.",
        ("git switch --quiet main", "git merge --quiet weather", "python -m scripts.promote"),
        "BETTER",
    ),
    Step(
        LATE_JULY,
        "Monitoring finds nothing to do",
        "The champion on four weeks of rows that it has not seen, beside a shadow trained by today's code.",
        (f"python -m scripts.monitor --as-of {LATE_JULY}",),
        "QUIET",
    ),
    pull_request(
        AUGUST,
        "Leave out the hour of departure",
        "Less to keep, says its author, and the weather will tell as much.",
        "simpler",
        "WORSE",
        status=1,
    ),
    pull_request(
        AUGUST,
        "Add the delay at departure",
        "The best feature there could be, if only one knew it before the departure.",
        "leak",
        "INVALID",
        status=1,
    ),
    Step(
        LATE_AUGUST,
        "Monitoring raises an alarm, and training follows",
        "Unasked, the training pipeline runs within the same run, and its model has to pass the gate.",
        ("git switch --quiet main", f"python -m scripts.monitor --as-of {LATE_AUGUST}"),
        "ALARM",
        status=1,
    ),
    Step(
        LATE_AUGUST,
        "The new champion predicts",
        "The same command as in spring; the version that it loads is another.",
        (f"python -m scripts.predict --as-of {LATE_AUGUST}",),
        "PREDICTED",
    ),
    Step(
        OCTOBER,
        "September was unlike the months before",
        "The figure fell in one fortnight, and an alarm takes two. A model of newer rows would do no better.",
        (f"python -m scripts.monitor --as-of {OCTOBER}",),
        "QUIET",
    ),
    Step(
        DECEMBER,
        "An operator takes it back",
        "A roll-back points at the champion before, with a reason for the ledger; nothing is trained.",
        ('python -m scripts.roll_back --reason "the week of Thanksgiving was predicted badly"',),
        "ROLLED BACK",
    ),
)
