"""MLServer around a model that is loaded already, with bounds on what one request may take."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvloop
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from mlserver import MLServer, ModelSettings, Settings
from mlserver.errors import InferenceError, MLServerError
from mlserver.handlers import ModelRepositoryHandlers
from mlserver.rest.responses import Response
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver_sklearn import SKLearnModel

from engine.command_line.component_settings import Column
from engine.model_server.bounded_body import MOST_BYTES, BoundedBody
from engine.model_server.model_metadata import inputs_of, outputs_of
from engine.model_server.request_checks import check

ANSWER_SECONDS = 10
THREADS = ThreadPoolExecutor(4, "predict")
"""Predictions run beside the loop that reads requests, so that a large one holds no other."""


class LoadedModel(SKLearnModel):
    """MLServer's own runtime for scikit-learn, of the one model of this process."""

    model: Any = None
    columns: Mapping[str, Column] = {}

    async def load(self) -> bool:
        self._model = self.model
        self.inputs, self.outputs = inputs_of(self.columns), outputs_of(self.model)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        answer = asyncio.get_running_loop().run_in_executor(THREADS, self._answer, payload)
        try:
            return await asyncio.wait_for(answer, ANSWER_SECONDS)
        except TimeoutError:
            problem = f"no answer within {ANSWER_SECONDS} s; send fewer rows, or ask again later"
            raise MLServerError(problem, 503) from None
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # rows that do not fit
            raise InferenceError(" ".join(str(error).split())) from None

    def _answer(self, payload: InferenceRequest) -> InferenceResponse:
        requested = [output.name for output in payload.outputs or []]
        check(payload.inputs, requested, self.columns, [tensor.name for tensor in self.outputs])
        outputs = self._get_model_outputs(self._check_request(payload))
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)


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
        application = self._rest_server._app
        application.add_middleware(BoundedBody)
        application.add_exception_handler(RequestValidationError, malformed)


async def malformed(request: Request, error: RequestValidationError) -> Response:
    """The answer to a body that the protocol does not know: 400, as for a wrong row."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return Response({"error": f"{where}: {first['msg']}"}, 400)


def serve(model: Any, name: str, columns: Mapping[str, Column]) -> None:
    """Serve until a signal ends it; ports and the like are MLServer's own MLSERVER_ variables."""
    LoadedModel.model, LoadedModel.columns = model, columns
    uvloop.run(_serve(name))


async def _serve(name: str) -> None:
    # A worker of its own would load all libraries again, and cost each request two copies between processes.
    settings = Settings(parallel_workers=0, debug=False, grpc_max_message_length=MOST_BYTES)
    served = ModelSettings(
        name=name, implementation=LoadedModel, parameters=ModelParameters(content_type="pd")
    )
    await OneModelServer(settings).start([served])
