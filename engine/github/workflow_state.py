"""Enable and disable a workflow, so that its schedule costs nothing while there is nothing to do."""

from engine.github.api import GitHub

ENABLED = "active"  # the other states say who disabled it: a person, or GitHub after 60 quiet days


def switch(github: GitHub, workflow: str, enabled: bool) -> bool:
    """Whether this changed anything; `workflow` is the name of a file in .github/workflows."""
    path = ("actions", "workflows", workflow)
    if (github.get(*path)["state"] == ENABLED) is enabled:
        return False
    github.put(*path, "enable" if enabled else "disable")
    return True
