"""What TensorStore is told about an object store; tests/peers/test_object_store.py asks a real server."""

import os

import pytest
import tensorstore as ts

from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.object_store import PATIENT, object_spec, retries, scheme_of
from headstart.cache.storage.store import Store

S3 = {"driver": "s3", "bucket": "b", "path": "some where/100%/"}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variables", "fields"),
    [
        ({}, {}),
        ({"AWS_ENDPOINT_URL": "http://one:9/"}, {"endpoint": "http://one:9"}),
        ({"AWS_ENDPOINT_URL": "http://one", "AWS_ENDPOINT_URL_S3": "http://two"}, {"endpoint": "http://two"}),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, {"aws_region": "eu-north-1"}),
        ({"AWS_DEFAULT_REGION": "eu-north-1", "AWS_REGION": "us-east-2"}, {"aws_region": "us-east-2"}),
        ({"AWS_REGION": ""}, {}),
        ({"AWS_ACCESS_KEY_ID": "x"}, {"aws_credentials": {"type": "environment"}}),
    ],
)
def test_the_environment_decides(
    variables: dict[str, str], fields: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert object_spec("s3://b/some where/100%") == S3 | fields
    assert object_spec("gs://b/x") == {"driver": "gcs", "bucket": "b", "path": "x/"}


@pytest.mark.parametrize("location", ["s3://bucket/a/b", "s3://bucket", "gs://bucket/a"])
def test_tensorstore_takes_it(location: str) -> None:
    spec = ts.KvStore.Spec(object_spec(location))
    assert spec.url.rstrip("/") == location
    ts.Context(retries(PATIENT))


def test_the_scheme_of_a_place() -> None:
    assert [scheme_of(place) for place in ("gs://b", "/tmp/b", "b")] == ["gs", "", ""]


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("s3://", "s3:// names no bucket"),
        ("gs:///x", "gs:///x names no bucket: gs://BUCKET/PREFIX does"),
        ("memory://x", "memory://x is no place for a cache: a folder's path"),  # gone with the process
        ("file:///tmp/x", "is no place for a cache"),
        ("s3://UPPER_/x", "UPPER_"),
    ],
)
def test_a_place_that_cannot_be_is_an_error(location: str, says: str) -> None:
    with pytest.raises(CacheError, match=says):
        Store(location)
