import pytest

from headstart.cache import UserError
from headstart.train.feeds.memory import MemoryPlan, decide, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1234", 1234),
        ("500MB", 500_000_000),
        ("1.5 gb", 1_500_000_000),
        ("2k", 2000),
        ("3T", 3 * 10**12),
    ],
)
def test_sizes_as_people_write_them(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "0", "0.1", "-1", "1 PB", "1e9", "4 G 2", "9" * 400, "9" * 5000 + "TB", "9999999999T"]
)
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="is no size; write one like"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("wanted", "limit", "size", "device", "host", "plan"),
    [
        ("auto", None, 40, 100, 1000, MemoryPlan("device", 50, "all fit")),
        ("auto", None, 60, 100, 1000, MemoryPlan("host", 500, "all fit")),
        ("auto", None, 600, 100, 1000, MemoryPlan("stream", 50, "they are larger than the limit")),
        ("auto", 30, 30, 100, 1000, MemoryPlan("device", 30, "all fit")),
        ("auto", 29, 30, 100, 1000, MemoryPlan("stream", 29, "they are larger than the limit")),
        ("host", None, 40, 100, 1000, MemoryPlan("host", 500, "as asked for")),
        ("stream", 7, 4, 100, 1000, MemoryPlan("stream", 7, "as asked for")),
        ("device", None, 999, 100, 1000, MemoryPlan("device", 50, "as asked for")),
    ],
)
def test_where_features_live(wanted, limit, size, device, host, plan):
    assert decide(wanted, limit, size, device, host) == plan


@pytest.mark.parametrize("mode", ["host", "device"])
def test_a_place_that_holds_more_than_is_allowed_is_refused(mode):
    with pytest.raises(UserError, match=f"--memory {mode} holds all features, 2.0 kB, and .* allows 1.0 kB"):
        decide(mode, 1000, 2000, 10**9, 10**9)
