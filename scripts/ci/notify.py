"""Send one message about an ended workflow to every address in NOTIFY_URL, if there is something new."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from engine.command_line import SettingsError, WorldError, parser, run

if TYPE_CHECKING:
    from apprise import NotifyBase

Change = Literal["opened", "closed"]
HEADLINES: dict[Change | None, str] = {
    "opened": "{workflow} failed",
    "closed": "{workflow} succeeds again",
    None: "{workflow}",
}


def main() -> int:
    options = parser(__doc__)
    options.add_argument("workflow", help="the workflow that ended")
    options.add_argument(
        "--issue", choices=get_args(Change), help="what became of the issue about its failure"
    )
    options.add_argument("--news", default="", help="one line about the model, such as a promotion")
    arguments = options.parse_args()
    addresses = os.environ.get("NOTIFY_URL", "").split()
    if not addresses:
        print("NOTIFY_URL is not set: no message is sent")
        return 0
    if not (arguments.issue or arguments.news):
        print("nothing new: no message is sent")
        return 0
    message = Message.of_run(arguments.workflow, arguments.issue, arguments.news)
    services = [_service(address, number) for number, address in enumerate(addresses, start=1)]
    failed = [str(service.service_name) for service in services if not message.sent_by(service)]
    if failed:
        raise WorldError(
            f"{', '.join(failed)}: expected the message to be taken, found that it was not; "
            "try the address of NOTIFY_URL on your machine: apprise --verbose --body=test '<address>'"
        )
    print(f"sent to {', '.join(str(service.service_name) for service in services)}")
    return 0


@dataclass(frozen=True)
class Message:
    """What people read: a title of one line, and the body below it."""

    title: str
    body: str

    @classmethod
    def of_run(cls, workflow: str, change: Change | None, news: str) -> "Message":
        """Of the run that calls this: its page has the jobs, the issue's details and the report."""
        server, repository, run_id = (
            os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
        )
        link = f"{server}/{repository}/actions/runs/{run_id}#artifacts"
        return cls(
            f"{repository}: {HEADLINES[change].format(workflow=workflow)}",
            "\n".join(line for line in (news, f"Run and report: {link}") if line),
        )

    def sent_by(self, service: "NotifyBase") -> bool:
        return bool(service.notify(title=self.title, body=self.body, body_format="text"))


def _service(address: str, number: int) -> "NotifyBase":
    """What sends to the address, which is a secret and stays out of messages and logs."""
    import logging

    from apprise import Apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs parts of addresses
    service = Apprise.instantiate(address)
    if service is None:
        raise SettingsError(
            f"NOTIFY_URL, address {number}: expected a URL of Apprise, such as slack://<tokens>, found none"
        )
    return service


if __name__ == "__main__":
    run(main)
