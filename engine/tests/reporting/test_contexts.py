"""A template uses exactly the keys of the type of its context."""

from typing import Any

import pytest
from jinja2 import Environment, meta

from engine.reporting import markdown, monitoring_report, verdict_report

MARKDOWN = monitoring_report.with_templates(markdown.environment())
MARKDOWN_PARTS = ("changes.md", "importance.md", "proposed.md", "registered.md", "worse.md")
HTML_PARTS = ("changes.html", "importance.html", "proposed.html", "registered.html", "worse.html")
HTML = monitoring_report.with_templates(verdict_report.environment())


@pytest.mark.parametrize(
    ("context", "templates"),
    [
        (markdown.ReportContext, dict.fromkeys(["report.md", "run.md", *MARKDOWN_PARTS], MARKDOWN)),
        (markdown.OutcomeContext, {"outcome.md": MARKDOWN, "run.md": MARKDOWN}),
        (verdict_report.PageContext, dict.fromkeys(["report.html", "accepted.html", *HTML_PARTS], HTML)),
        (verdict_report.AcceptedContext, {"accepted.html": HTML}),
        (monitoring_report.MonitoringContext, {"monitoring.html": HTML, "monitoring.md": MARKDOWN}),
    ],
)
def test_templates_use_the_keys_of_their_context(context: Any, templates: dict[str, Environment]) -> None:
    used = {name for template, environment in templates.items() for name in variables(environment, template)}
    assert used == context.__required_keys__


def variables(environment: Environment, template: str) -> set[str]:
    """The variables of a template that it does not set itself, without the environment's own."""
    assert environment.loader is not None
    text, _, _ = environment.loader.get_source(environment, template)
    return meta.find_undeclared_variables(environment.parse(text)) - environment.globals.keys()
