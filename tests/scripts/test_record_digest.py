"""Tests of scripts/record_digest.py."""


def test_a_wrong_digest_fails_the_job_that_built_it(checkout, step):
    done = step("record_digest", "load_data", "")
    assert (done.status, done.error) == (
        1,
        "error: load_data: expected a digest, sha256: and 64 hex digits, found ''\n",
    )
    assert not (checkout / "build/digests").exists()
