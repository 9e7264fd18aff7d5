"""Errors in the form of the real server's gateway: a gRPC status as JSON, with the HTTP status it maps to."""

from starlette.responses import JSONResponse

_CODES = {  # name: (gRPC code, HTTP status)
    "INVALID_ARGUMENT": (3, 400),
    "NOT_FOUND": (5, 404),
    "ALREADY_EXISTS": (6, 409),
    "PERMISSION_DENIED": (7, 403),
    "FAILED_PRECONDITION": (9, 400),
    "ABORTED": (10, 409),
    "UNIMPLEMENTED": (12, 501),
    "INTERNAL": (13, 500),
    "UNAVAILABLE": (14, 503),
}


_LONGEST_MESSAGE = 2000


class ApiError(Exception):
    """A request that the real server refuses."""

    def __init__(self, code: str, message: str):
        super().__init__(message[:_LONGEST_MESSAGE])
        self.number, self.status = _CODES[code]

    def response(self) -> JSONResponse:
        detail = {"@type": "type.googleapis.com/google.rpc.Status", "code": self.number, "message": str(self)}
        body = {"code": self.number, "message": str(self), "details": [detail]}
        return JSONResponse(body, self.status)


def invalid(message: str) -> ApiError:
    return ApiError("INVALID_ARGUMENT", message)


def name_taken(kind: str, name: str) -> ApiError:
    message = f"Failed to create a new {kind}. The name {name} already exists. Please specify a new name"
    return ApiError("ALREADY_EXISTS", message)


def not_found(kind: str, identity: str) -> ApiError:
    return ApiError("NOT_FOUND", f"{kind} {identity} not found")
