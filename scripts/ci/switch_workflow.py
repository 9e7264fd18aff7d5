"""Enable or disable a workflow of this repository, so that its schedule runs only if there is work."""

from engine.command_line import parser, run

PERMISSIONS = {"actions": "write"}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("workflow", help="the name of its file")
    options.add_argument("--enabled", choices=["true", "false"], required=True)
    arguments = options.parse_args()

    from engine.github.api import GitHub
    from engine.github.workflow_state import switch

    state = "enabled" if arguments.enabled == "true" else "disabled"
    changed = switch(GitHub(), arguments.workflow, state == "enabled")
    print(f"{arguments.workflow} is {state if changed else f'already {state}'}")


if __name__ == "__main__":
    run(main)
