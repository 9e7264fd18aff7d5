"""Merge a commit of the template into the copy in this folder; scripts/update.py fetches and calls this."""

import argparse
import json
import sys
from pathlib import Path

from engine.update.git import Git, UpdateError
from engine.update.update import Update


def main() -> int:
    parser = argparse.ArgumentParser("python -m engine.update", description=__doc__, allow_abbrev=False)
    parser.add_argument("--clone", type=Path, required=True, help="bare clone of the template")
    parser.add_argument("--target", required=True, help="hash of the commit to update to")
    parser.add_argument("--to", help="what scripts/update.py found --target by")
    parser.add_argument("--template", required=True, help="what the record names as the template")
    parser.add_argument("--base", default="", help="the template's commit that this copy was made from")
    parser.add_argument("--lock", default="make lock", help="command that locks requirements")
    parser.add_argument("--tests", default="make check", help="command that tests the update")
    parser.add_argument("--no-lock", dest="lock", action="store_const", const="")
    parser.add_argument("--no-tests", dest="tests", action="store_const", const="")
    parser.add_argument("--restart", action="store_true", help="discard an update that has conflicts")
    parser.add_argument("--news", action="store_true", help="only print, as JSON, what is new")
    options = parser.parse_args()

    update = Update(Git(Path.cwd()), Git(options.clone), options.template, options.lock, options.tests)
    try:
        if options.news:
            print(json.dumps(update.news(options.target, options.base), indent=2))
            return 0
        return update.run(options.target, options.base, options.restart)
    finally:
        update.tidy()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UpdateError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        print("interrupted; nothing is lost, run the update again", file=sys.stderr)
        sys.exit(130)
