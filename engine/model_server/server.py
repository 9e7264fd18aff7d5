"""MLServer around a model that is loaded already."""

from typing import Any

import uvloop
from mlserver import MLServer, ModelSettings, Settings
from mlserver.errors import InferenceError, MLServerError
from mlserver.handlers import ModelRepositoryHandlers
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver_sklearn import SKLearnModel


class LoadedModel(SKLearnModel):
    """MLServer's own runtime for scikit-learn, of the one model of this process."""

    model: Any = None

    async def load(self) -> bool:
        self._model = self.model
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        try:
            return await super().predict(payload)
        except (TypeError, ValueError) as error:  # rows that do not fit are the asker's mistake
            raise InferenceError(" ".join(str(error).split())) from None


class FixedRepository(ModelRepositoryHandlers):
    """No API to load and unload: it needs no permission, and one request would end all service."""

    async def load(self, name: str) -> bool:
        raise MLServerError(f"expected no request to load {name}: a deployment decides what is served", 403)

    async def unload(self, name: str) -> bool:
        raise MLServerError(f"expected no request to unload {name}: a deployment decides what is served", 403)


class OneModelServer(MLServer):
    def _create_servers(self) -> None:
        self._model_repository_handlers = FixedRepository(self._model_repository, self._model_registry)
        super()._create_servers()


def serve(model: Any, name: str) -> None:
    """Serve until a signal ends it; ports and the like are MLServer's own MLSERVER_ variables."""
    LoadedModel.model = model
    uvloop.run(_serve(name))


async def _serve(name: str) -> None:
    # A worker of its own would load all libraries again, and cost each request two copies between processes.
    settings = Settings(parallel_workers=0, debug=False)
    served = ModelSettings(
        name=name, implementation=LoadedModel, parameters=ModelParameters(content_type="pd")
    )
    await OneModelServer(settings).start([served])
