"""Your own estimators: `training.estimator` of mlops.yaml may name one, as components.estimators.Bounded.

It is a class, or a function that returns an estimator; it gets `training.parameters`, and the seed as
random_state if it has one. What it imports is a line of components/train_model/requirements.in.

    class Bounded(Ridge):
        def predict(self, features: Any) -> Any:
            return super().predict(features).clip(0)

`from sklearn.linear_model import Ridge` and `from typing import Any` import what this example uses.
"""
