"""The two files of the checkout that name people and places: CODEOWNERS and mlops.yaml."""

import re
from pathlib import Path

from engine.command_line import SettingsError

CODEOWNERS, SETTINGS = Path(".github/CODEOWNERS"), Path("mlops.yaml")
OWNER = re.compile(r"(?m)^(/\S+\s+)(@\S+(?:[ \t]+@\S+)*)$")
IMAGES = re.compile(r"(?m)^images: \{\}( *)(?=#|$)")


def with_owners(text: str, owners: list[str]) -> str:
    """CODEOWNERS whose lines of the template name these owners."""
    return OWNER.sub(lambda line: line[1] + " ".join(owners) if line[2] == "@OWNER" else line[0], text)


def with_images(text: str, repository: str) -> str:
    """mlops.yaml with the image repository; SettingsError if a person has to write it."""
    if re.search(rf"(?m)^images:.*\b{re.escape(repository)}\b|^ +repository: {re.escape(repository)}$", text):
        return text
    if not IMAGES.search(text):
        raise SettingsError(f"{SETTINGS}: expected `images: {{}}`, found other images; set their repository")
    return IMAGES.sub(lambda line: f"images: {{repository: {repository}}}{line[1] and ' '}", text)
