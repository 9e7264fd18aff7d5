"""The code that a model is born from, as tasks: each goes through its own features and libraries."""

from dataclasses import dataclass

from kfp import dsl

from components.build_features.component import build_features, build_labelled_features, hide_outcomes
from components.load_data.component import load_data
from components.score_model.component import predict_batch, score_model
from components.train_model.component import train_model

Parameter = str | dsl.pipeline_channel.PipelineChannel
Artifact = dsl.pipeline_channel.PipelineChannel


@dataclass(frozen=True)
class Rows:
    """The raw tables of a window: as known when predictions were due, and with their outcomes."""

    known: Artifact
    outcomes: Artifact


@dataclass(frozen=True)
class ModelTasks:
    """Settings (JSON) and images (references) of one model; `owner` says whose in the names of its tasks."""

    owner: str
    feature_settings: Parameter
    build_features_image: Parameter
    score_model_image: Parameter
    training_settings: Parameter | None = None
    train_model_image: Parameter | None = None

    def features(self, window: str, tables: Artifact) -> dsl.PipelineTask:
        """The features of a window; their labels are missing if the outcomes in `tables` are hidden."""
        task = build_features(feature_settings=self.feature_settings, tables=tables)
        return self._named(task, self.build_features_image, "build-features", window)

    def labelled_features(self, window: str, rows: Rows) -> dsl.PipelineTask:
        task = build_labelled_features(
            feature_settings=self.feature_settings, tables=rows.known, outcomes=rows.outcomes
        )
        return self._named(task, self.build_features_image, "build-features", window)

    def hide_outcomes(self, window: str, rows: dsl.PipelineTask) -> Rows:
        """The rows as they were known when each prediction was due, by this code's `label`."""
        task = hide_outcomes(feature_settings=self.feature_settings, tables=rows.outputs["tables"])
        task = self._named(task, self.build_features_image, "hide-outcomes", window)
        return Rows(task.outputs["hidden"], rows.outputs["tables"])

    def train(self, features: dsl.PipelineTask) -> dsl.PipelineTask:
        task = train_model(
            training_settings=self.training_settings,
            feature_settings=self.feature_settings,
            features=features.outputs["features"],
        )
        return self._named(task, self.train_model_image, "train-model")

    def score(self, model: dsl.PipelineTask, features: dsl.PipelineTask) -> dsl.PipelineTask:
        task = score_model(
            model=model.outputs["model"],
            feature_settings=self.feature_settings,
            features=features.outputs["features"],
        )
        return self._named(task, self.score_model_image, "score-model")

    def predict(self, version: dsl.PipelineTask, features: dsl.PipelineTask) -> dsl.PipelineTask:
        """The predictions and rejects of a batch, by the version that `resolve_model` found."""
        task = predict_batch(
            model=version.outputs["model"],
            model_version=version.outputs["digest"],
            feature_settings=self.feature_settings,
            features=features.outputs["features"],
        )
        return self._named(task, self.score_model_image, "predict-batch")

    def _named(
        self, task: dsl.PipelineTask, image: Parameter | None, name: str, *details: str
    ) -> dsl.PipelineTask:
        task.set_container_image(image)
        task.set_display_name(f"{name} ({', '.join([self.owner, *details])})")
        return task


def load_rows(data_settings: Parameter, window: str, as_of: Parameter) -> dsl.PipelineTask:
    """The raw rows that every model's features are made of."""
    task: dsl.PipelineTask = load_data(data_settings=data_settings, window=window, as_of=as_of)
    task.set_display_name(f"load-data ({window})")
    return task


def champion_tasks(champion: dsl.PipelineTask) -> ModelTasks:
    """The code of the version that `resolve_model` found."""
    return ModelTasks(
        "champion",
        feature_settings=champion.outputs["feature_settings"],
        build_features_image=champion.outputs["build_features_image"],
        score_model_image=champion.outputs["score_model_image"],
    )
