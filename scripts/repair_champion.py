"""Restore a lost pointer to the champion from the newest move in the ledger."""

from pathlib import Path

from engine import command_line

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = command_line.parser(__doc__)
    parser.add_argument(
        "version", nargs="?", default="", help="which version, or how its digest begins, if moves raced"
    )
    arguments = parser.parse_args()

    from engine.model_registry.lost_pointer import repair_pointer
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.settings.settings import load

    registry = ModelRegistry(model_registry_uri(ROOT), load(ROOT / "mlops.yaml").model)
    pointer = repair_pointer(registry.documents, arguments.version)
    print(f"{registry.name}: the champion is {pointer['version']}, move {pointer['sequence']} of the ledger")
    return 0


if __name__ == "__main__":
    command_line.run(main)
