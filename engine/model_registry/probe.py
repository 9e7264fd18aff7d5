"""What a task writes to show that it reaches the store."""

from pathlib import Path

from engine.model_registry.model_registry import ModelRegistry
from engine.stores.storage import open_store

PROBE = "doctor/task"
CONTENT = b"written by a task\n"


def probe(registry: ModelRegistry, written: Path) -> None:
    """Write a file to the store, read it, and leave it as an artifact."""
    store = open_store(registry.uri)
    store.write(PROBE, CONTENT)
    written.write_bytes(store.read(PROBE)[0])
