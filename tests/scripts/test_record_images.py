"""Tests of scripts/record_images.py; test_plan_images.py has what it records when all is well."""

import pytest

DIGEST = f"sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"load_data": DIGEST}, "train_model: expected a digest in build/digests or a published image"),
        ({"a/load_data": DIGEST, "b/load_data": DIGEST}, "b/load_data: expected one digest of load_data"),
        ({"load_data": "sha256:12"}, "load_data: expected a digest, sha256: and 64 hex digits, found 'sha"),
        ({"load_data": ""}, "expected a digest, sha256: and 64 hex digits, found ''"),
        ({"load_data": f"{DIGEST}\n{DIGEST}"}, "expected a digest, sha256: and 64 hex digits, found"),
        ({"other": DIGEST}, "other: expected the digest of a component, found no component of that name"),
    ],
)  # fmt: skip
def test_a_digest_that_is_wrong_leaves_no_record(checkout, step, docker_registry, files, message):
    for name, text in files.items():
        (checkout / "build/digests" / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / "build/digests" / name).write_text(text)
    done = step("record_images", "build/digests", "--repository", docker_registry.new_repository())
    assert done.status == 1
    assert message in done.error
    assert done.error.count("\n") == 1
    assert {each.name for each in (checkout / "build").iterdir()} == {"digests", "output", "summary"}
