"""Take a role: its temporary keys become outputs, and no variables of the job."""

from engine.tests.standins.actions.standin import Inputs, RefusedError, flag, needed, only, run

LONGEST_SESSION = 43200


def take(inputs: Inputs) -> dict[str, str]:
    only(
        inputs,
        *("audience", "aws-region", "role-to-assume", "role-duration-seconds"),
        *("output-credentials", "output-env-credentials"),
    )
    needed(inputs, "aws-region", "role-to-assume")
    if flag(inputs, "output-env-credentials") or not flag(inputs, "output-credentials"):
        raise RefusedError("the stand-in gives keys as outputs only")
    if not 900 <= int(inputs["role-duration-seconds"]) <= LONGEST_SESSION:
        raise RefusedError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role")
    role = inputs["role-to-assume"].rpartition("/")[2]
    return {
        "aws-access-key-id": f"ASIA-{role}",
        "aws-secret-access-key": f"secret-of-{role}",
        "aws-session-token": f"session-of-{role}",
    }


if __name__ == "__main__":
    run(take)
