"""The metrics of the template: a copy may have its own besides."""

import pytest

import components.metrics


@pytest.fixture(autouse=True)
def no_own_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components.metrics, "METRICS", [])
