"""Refuse to deploy to a GitHub environment without protection: exit 1 and print what to do."""

import argparse
import os
from collections.abc import Iterator
from typing import Any

from engine.command_line import Finding, parser, run
from engine.github.step import add_summary

PERMISSIONS = {"actions": "read"}


def main() -> int:
    options: argparse.ArgumentParser = parser(__doc__)
    options.add_argument("environment", help="its name; the job that asks must not name it, which creates it")
    name = options.parse_args().environment

    from engine.github.api import GitHub, NotFound

    try:
        rules = [*_protection(GitHub().get("environments", name))]
    except NotFound:
        rules = []
    if rules:
        print(f"environment {name}: protected by {', '.join(rules)}")
        return 0
    if name in (os.environ.get("ACCEPT_UNPROTECTED") or "").replace(",", " ").split():
        warning = f"environment {name}: nothing protects it, as the variable ACCEPT_UNPROTECTED accepts"
        print(f"::warning::{warning}")
        add_summary(f"{warning}\n")
        return 0
    raise Finding(
        f"environment {name}: expected required reviewers, found nothing that protects it; add them in "
        f"Settings > Environments > {name}, or, if the plan has none, set the variable "
        f"ACCEPT_UNPROTECTED to {name}"
    )


def _protection(environment: dict[str, Any]) -> Iterator[str]:
    """What keeps a job from this environment until a person, or a rule that a person made, lets it."""
    for rule in environment.get("protection_rules") or []:
        if rule.get("type") == "required_reviewers" and rule.get("reviewers"):
            yield "required reviewers"
    if policy := environment.get("deployment_branch_policy"):
        yield "protected branches" if policy.get("protected_branches") else "a policy of branches"


if __name__ == "__main__":
    run(main)
