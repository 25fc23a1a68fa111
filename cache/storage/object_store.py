"""How TensorStore reaches an object store: bucket, endpoint, region, credentials, and how long it tries."""

import os
from typing import Any

from headstart.cache.runtime.errors import CacheError

DRIVERS = {"s3": "s3", "gs": "gcs"}
HINTS = {
    "s3": "check the bucket's name, the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile) and, "
    "where it is not Amazon's, the server (AWS_ENDPOINT_URL)",
    "gs": "check the bucket's name and the credentials (GOOGLE_APPLICATION_CREDENTIALS)",
}
QUICK = {"max_retries": 4, "initial_delay": "0.5s", "max_delay": "4s"}
"""Retries of the first request, where what fails is a mistake, mostly."""
PATIENT = {"max_retries": 10, "initial_delay": "1s", "max_delay": "32s"}
"""Retries of later requests: over two minutes without network."""
FIRST_ANSWER = 25.0  # seconds after which a server that says nothing is not waited for
SILENCE = 30  # seconds without a byte after which a request is taken for dead, and tried again


def is_url(location: str) -> bool:
    """Whether a location is an object store's and no local path."""
    return "://" in location


def scheme_of(location: str) -> str:
    """What stands before `://`; empty for a local path."""
    return location.partition("://")[0] if is_url(location) else ""


def check_location(location: str) -> None:
    """Refuse a URL that names no place for a cache.

    Raises:
        CacheError: it is of another kind than `s3://BUCKET/PREFIX` and `gs://BUCKET/PREFIX`, or names no bucket.
    """
    if not is_url(location):
        return
    scheme, _, rest = location.partition("://")
    if scheme not in DRIVERS:
        known = "a folder's path, s3://BUCKET/PREFIX and gs://BUCKET/PREFIX are"
        raise CacheError(f"{location} is no place for a cache: {known}")
    if not rest.partition("/")[0]:
        raise CacheError(f"{location} names no bucket: {scheme}://BUCKET/PREFIX does")


def object_spec(location: str) -> dict[str, Any]:
    """Return TensorStore's JSON for all files below a URL; keys may hold any character, so they are not parsed.

    Of the environment, the variables that Amazon's own tools read count: `AWS_ENDPOINT_URL_S3` before
    `AWS_ENDPOINT_URL`, and `AWS_REGION` before `AWS_DEFAULT_REGION`.
    """
    scheme, _, rest = location.partition("://")
    bucket, _, path = rest.partition("/")
    spec = {"driver": DRIVERS[scheme], "bucket": bucket, "path": f"{path}/" if path else ""}
    return {**spec, **amazon()} if scheme == "s3" else spec


def retries(limits: dict[str, Any]) -> dict[str, Any]:
    """Return the context in which TensorStore tries requests so often; its own limits are a quarter of an hour."""
    # Read by TensorStore at its first request; without it, a server that falls silent is waited for without end.
    os.environ.setdefault("TENSORSTORE_CURL_LOW_SPEED_TIME_SECONDS", str(SILENCE))
    os.environ.setdefault("TENSORSTORE_CURL_LOW_SPEED_LIMIT_BYTES", "1")
    return {"s3_request_retries": limits, "gcs_request_retries": limits}


def amazon() -> dict[str, Any]:
    """Endpoint, region and credentials from the environment; what is not there, TensorStore finds out."""
    endpoint = _first_set("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL").rstrip("/")
    region = _first_set("AWS_REGION", "AWS_DEFAULT_REGION")
    fields: dict[str, Any] = {"endpoint": endpoint, "aws_region": region}
    # TensorStore's default chain looks at files first, and logs that there are none.
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        fields["aws_credentials"] = {"type": "environment"}
    return {name: value for name, value in fields.items() if value}


def _first_set(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
