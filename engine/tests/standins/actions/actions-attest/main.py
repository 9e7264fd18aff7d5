"""Say that an attestation was made, of what the real action would attest."""

import re

from engine.tests.standins.actions.standin import Inputs, RefusedError, flag, needed, run

SUBJECTS = ("subject-path", "subject-digest", "subject-checksums")


def attest(inputs: Inputs) -> dict[str, str]:
    given = [name for name in SUBJECTS if inputs[name]]
    if len(given) != 1:
        raise RefusedError(f"Exactly one of {', '.join(SUBJECTS)} must be provided, found {given}")
    if inputs["subject-digest"]:
        needed(inputs, "subject-name")
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", inputs["subject-digest"]):
            raise RefusedError(f"subject-digest must be sha256:<hex>, found {inputs['subject-digest']!r}")
    if flag(inputs, "push-to-registry") and "/" not in inputs["subject-name"]:
        raise RefusedError("subject-name must be a fully-qualified image name to push to a registry")
    if inputs["predicate"] and inputs["predicate-path"]:
        raise RefusedError("Only one of predicate or predicate-path may be provided")
    return {"attestation-id": "1", "attestation-url": "https://github.com/attestations/1"}


if __name__ == "__main__":
    run(attest)
