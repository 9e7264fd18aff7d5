"""What CHANGELOG.md says of the versions that a copy does not have yet."""

import re

from engine.update.record import numbers


def news(changelog: str, version: str) -> str:
    """The sections of the versions after `version`, newest first."""
    sections = re.split(r"(?m)^(?=## \[?v?\d)", changelog.replace("\r\n", "\n"))[1:]
    return "\n\n".join(
        section.strip() for section in sections if numbers(_version(section)) > numbers(version)
    )


def _version(section: str) -> str:
    """The number in the heading that a section begins with."""
    return str(re.findall(r"[\d.]+", section)[0])
