"""Tests of scripts/ci/record_digest.py."""


def test_a_wrong_digest_fails_the_job_that_built_it(checkout, step):
    tag = f"load_data-{'0' * 16}"
    done = step("record_digest", tag, "")
    assert (done.status, done.error) == (
        1,
        f"error: {tag}: expected a digest, sha256: and 64 hex digits, found ''\n",
    )
    assert not (checkout / "build/digests").exists()


def test_an_invalid_tag_writes_nothing(checkout, step):
    done = step("record_digest", "../load_data", f"sha256:{'ab' * 32}")
    assert done.status == 2
    assert "expected a tag <component>-<16 hex digits>, found '../load_data'" in done.error
