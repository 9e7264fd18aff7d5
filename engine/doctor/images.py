"""Checks of the image repository: that its credentials are accepted, and that they may push."""

from engine.command_line import SettingsError, WorldError
from engine.doctor.refusals import diagnose
from engine.doctor.results import Result, Results, Site, failed, ok, skipped
from engine.images.image_repository import DeniedError, ImageRepository, split_name
from engine.images.published_images import repository_of

CHECK = "image repository"


def check(site: Site) -> Results:
    try:
        name = repository_of(site.settings, site.environment)
    except SettingsError as error:
        yield skipped(CHECK, str(error))
        return
    facts = {"registry": name, "host": split_name(name)[0]}
    repository = ImageRepository(name, site.environment)
    try:
        count = sum(1 for _ in repository.tags())
        yield ok(CHECK, f"{name} can be read: {count} tags")
    except DeniedError:
        yield skipped(CHECK, f"{name} cannot be read: it has no image yet, or it is private")
    except WorldError as error:
        yield _unread(facts, error)
        return
    if site.dry_run:
        yield skipped(CHECK, "a push was not tried: --dry-run")
    elif repository.can_push():
        yield ok(CHECK, f"{name} can be pushed to")
    else:
        yield failed(CHECK, diagnose("registry-push", **facts))


def _unread(facts: dict[str, str], error: WorldError) -> Result:
    text = str(error)
    name = "registry-login" if "credentials accepted" in text else "registry-silent"
    return failed(CHECK, diagnose(name, **facts, found=text.rpartition("found ")[2]))
