"""The server's state in a SQLite file: a table for each resource, with columns named as the API's fields."""

import json
import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, overload

from local_kfp.command_line import WorldError
from local_kfp.server.clock import format_time
from local_kfp.server.errors import not_found
from local_kfp.server.resources import Experiment, PipelineVersion, RecurringRun, Run, StoredPipeline

KINDS = {  # table: name of a row in errors
    "pipelines": "Pipeline",
    "pipeline_versions": "PipelineVersion",
    "experiments": "Experiment",
    "runs": "Run",
    "recurring_runs": "Job",
}
_JSON = {
    "tags",
    "pipeline_spec",
    "pipeline_version_reference",
    "runtime_config",
    "state_history",
    "trigger",
}
# Columns that start with `local_` are internal and not part of responses.
SCHEMA = """
CREATE TABLE IF NOT EXISTS pipelines (
    pipeline_id TEXT PRIMARY KEY, name TEXT UNIQUE, display_name TEXT, description TEXT, tags TEXT,
    created_at INTEGER);
CREATE TABLE IF NOT EXISTS pipeline_versions (
    pipeline_version_id TEXT PRIMARY KEY, pipeline_id TEXT REFERENCES pipelines ON DELETE CASCADE,
    name TEXT, display_name TEXT, description TEXT, code_source_url TEXT, tags TEXT, pipeline_spec TEXT,
    created_at INTEGER, UNIQUE (pipeline_id, name));
CREATE TABLE IF NOT EXISTS experiments (
    experiment_id TEXT PRIMARY KEY, display_name TEXT UNIQUE, description TEXT, storage_state TEXT,
    created_at INTEGER, last_run_created_at INTEGER);
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, experiment_id TEXT, recurring_run_id TEXT, display_name TEXT, description TEXT,
    service_account TEXT, pipeline_version_reference TEXT, pipeline_spec TEXT, runtime_config TEXT,
    storage_state TEXT, state TEXT, state_history TEXT, created_at INTEGER, scheduled_at INTEGER,
    finished_at INTEGER, local_process_group INTEGER);
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (created_at);
CREATE TABLE IF NOT EXISTS recurring_runs (
    recurring_run_id TEXT PRIMARY KEY, experiment_id TEXT, display_name TEXT, description TEXT,
    service_account TEXT, pipeline_version_reference TEXT, pipeline_spec TEXT, runtime_config TEXT,
    "trigger" TEXT, mode TEXT, status TEXT, max_concurrency TEXT, no_catchup BOOLEAN, created_at INTEGER,
    updated_at INTEGER, local_last_triggered_at INTEGER, local_last_index INTEGER);
"""


LONGEST_WAIT_SECONDS = 1.0
"""For the lock of another process: requests wait as well, because the store has one thread."""


class Store:
    """Rows as dictionaries; used from one thread. `with store:` makes several writes one."""

    def __init__(self, path: Path):
        self._database = sqlite3.connect(path, isolation_level=None, timeout=LONGEST_WAIT_SECONDS)
        self._database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; {SCHEMA}")

    def __enter__(self) -> "Store":
        self._database.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:  # SQLite itself ends that of a full disk
                self._database.execute("ROLLBACK")

    def close(self) -> None:
        self._database.close()

    def query(self, sql: str, *values: object) -> list[Any]:
        """The rows of a statement, as dictionaries; its caller knows their columns."""
        cursor = self._database.execute(sql, values)
        names = [column[0] for column in cursor.description or ()]
        return [
            {name: _loaded(name, value) for name, value in zip(names, row, strict=True)} for row in cursor
        ]

    @overload
    def get(self, table: Literal["experiments"], identity: str) -> Experiment: ...
    @overload
    def get(self, table: Literal["pipeline_versions"], identity: str) -> PipelineVersion: ...
    @overload
    def get(self, table: Literal["recurring_runs"], identity: str) -> RecurringRun: ...
    @overload
    def get(self, table: Literal["runs"], identity: str) -> Run: ...
    @overload
    def get(self, table: Literal["pipelines"], identity: str) -> StoredPipeline: ...
    def get(self, table: str, identity: str) -> Any:
        return self._row(table, identity)

    def _row(self, table: str, identity: str) -> Any:
        rows = self.query(f"SELECT * FROM {table} WHERE {key_of(table)} = ?", identity)
        if not rows:
            raise not_found(KINDS[table], identity)
        return rows[0]

    def insert(self, table: str, **row: object) -> Any:
        """Add a row, with a new id unless it has one, and return it."""
        identity = str(row.setdefault(key_of(table), str(uuid.uuid4())))
        columns = ", ".join(f'"{column}"' for column in row)
        marks = ", ".join("?" * len(row))
        values = [_dumped(value) for value in row.values()]
        self._database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
        return self._row(table, identity)

    def update(self, table: str, identity: str, **changes: object) -> None:
        columns = ", ".join(f'"{column}" = ?' for column in changes)
        values = [*map(_dumped, changes.values()), identity]
        self._database.execute(f"UPDATE {table} SET {columns} WHERE {key_of(table)} = ?", values)

    def delete(self, table: str, identity: str) -> None:
        self._row(table, identity)
        self._database.execute(f"DELETE FROM {table} WHERE {key_of(table)} = ?", (identity,))


def open_store(path: Path) -> Store:
    try:
        return Store(path)
    except sqlite3.Error as error:
        raise WorldError(
            f"cannot store state in {path}: {error}; choose another folder with --state"
        ) from None


def key_of(table: str) -> str:
    return f"{table.removesuffix('s')}_id"


def view(row: Mapping[str, object]) -> dict[str, object]:
    """A row in the form of the API: without fields that have their type's default, except times."""
    return {
        name: format_time(value if isinstance(value, int) else 0) if name.endswith("_at") else value
        for name, value in row.items()
        if not name.startswith("local_") and (value or name.endswith("_at"))
    }


def _loaded(name: str, value: Any) -> Any:
    if name in _JSON and value:
        return json.loads(value)
    return bool(value) if name == "no_catchup" else value


def _dumped(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value
