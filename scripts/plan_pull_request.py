"""The name of scripts.ci.plan_pull_request in pr.yml until 2.0: a pull request runs its base's scripts."""

from engine import command_line
from scripts.ci.plan_pull_request import main

if __name__ == "__main__":
    command_line.run(main)
