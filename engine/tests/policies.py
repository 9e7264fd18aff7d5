"""The policy that tests judge by."""

from engine.documents.policy import Policy

POLICY: Policy = {
    "metric": "roc_auc",
    "floor": 0.6,
    "confidence": 0.95,
    "min_effect": 0.0,
    "margin": 0.02,
    "inconclusive": "fail",
    "cluster": "day",
    "minimum_rows": 500,
    "minimum_clusters": 10,
    "slices": {"columns": ["origin"], "minimum_rows": 300},
    "guardrails": {"log_loss": {"margin": 0.01}, "model_bytes": {"maximum": 1000}},
    "references": {"champion": "improve", "control": "not-worse"},
}
