"""Tests of scripts/ci/record_images.py; test_plan_images.py has what it records when all is well."""

import pytest

DIGEST = f"sha256:{'ab' * 32}"
TAG = f"load_data-{'0' * 16}"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "load_data, train_model: expected a digest in build/digests or a published image, found"),
        ({TAG: DIGEST}, "load_data, train_model: expected a digest in build/digests or a published image"),
        ({f"a/{TAG}": DIGEST, f"b/{TAG}": DIGEST}, f"b/{TAG}: expected one digest of {TAG}"),
        ({TAG: "sha256:12"}, f"{TAG}: expected a digest, sha256: and 64 hex digits, found 'sha"),
        ({TAG: ""}, "expected a digest, sha256: and 64 hex digits, found ''"),
        ({TAG: f"{DIGEST}\n{DIGEST}"}, "expected a digest, sha256: and 64 hex digits, found"),
        ({"load_data": DIGEST}, "load_data: expected a file called as an image's tag, found another"),
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
    assert {each.name for each in (checkout / "build").iterdir()} - {"digests"} == {"output", "summary"}
