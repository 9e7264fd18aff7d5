"""The name of scripts.ci.check_needs in pr.yml until 2.0: a pull request runs its base's scripts."""

from engine import command_line
from scripts.ci.check_needs import main

if __name__ == "__main__":
    command_line.run(main)
