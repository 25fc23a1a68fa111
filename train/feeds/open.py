"""From a decision about memory to the feed that carries it out."""

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from headstart.cache.runtime.errors import UserError
from headstart.train.data.split import Split
from headstart.train.data.views import held_rows, learnt_from
from headstart.train.feeds.feed import BatchFeed, DeviceFeed, Feed, HostFeed, SubsetFeed, ViewFeed
from headstart.train.feeds.memory import ASKED, MemoryPlan
from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.stream import StreamFeed
from headstart.train.feeds.table import Place

CHUNK_BYTES = 64_000_000
"""Bytes of features sent to the device at once from the host's memory."""

_SHARED: WeakKeyDictionary[Split, tuple[BatchFeed, MemoryPlan]] = WeakKeyDictionary()
"""The one feed of all rows that the folds draw from, and its plan, as long as their rows are there."""


def feature_bytes(splits: Iterable[Split], spec: FeedSpec) -> int:
    """Bytes of what the heads read of these splits."""
    holders = [held_rows(split)[0] for split in splits]
    distinct = {id(split): split for split in holders}.values()
    return sum(
        (int(part.lengths.sum()) * spec.tokens + len(part.labels) * spec.vectors) * part.width * part.itemsize
        for split in distinct
        for part in learnt_from(split)
    )


def held_plan(split: Split) -> MemoryPlan | None:
    """The plan by which an earlier fold's features are held, which are this fold's; None if none are.

    What they take is not free any more: decided anew, they might not fit.
    """
    holder, index = held_rows(split)
    shared = None if index is None else _SHARED.get(holder)
    return shared and shared[1]


def open_feed(split: Split, spec: FeedSpec, place: Place, plan: MemoryPlan) -> Feed:
    """The feed of a split; where it has dropout views, of one view each epoch.

    Args:
        split: The rows.
        spec: What the heads read, and how.
        place: Puts a table on the devices.
        plan: Where the features live.

    Raises:
        UserError: the limit is too small even for streaming, or folds are to be streamed.
    """
    feeds = [_open_one(view, spec, place, plan) for view in learnt_from(split)]
    return feeds[0] if len(feeds) == 1 else ViewFeed(feeds, all_held=plan.mode != "stream")


def _open_one(split: Split, spec: FeedSpec, place: Place, plan: MemoryPlan) -> Feed:
    holder, index = held_rows(split)
    if index is None:
        streamed = plan.mode == "stream"
        return (
            StreamFeed(split, spec, place, plan.limit) if streamed else _open_held(split, spec, place, plan)
        )
    if plan.mode == "stream":
        raise UserError(
            f"--folds draws each fold's rows from all features in memory, which may hold {plan.limit:,} bytes of them; "
            f"{'leave out --memory stream' if plan.why == ASKED else 'give a larger --memory-limit'}, or train without "
            "--folds"
        )
    if holder not in _SHARED:
        _SHARED[holder] = _open_held(holder, spec, place, plan), plan
    return SubsetFeed(_SHARED[holder][0], index, spec)


def _open_held(split: Split, spec: FeedSpec, place: Place, plan: MemoryPlan) -> BatchFeed:
    if plan.mode == "device":
        return DeviceFeed(split, spec, place)
    return HostFeed(split, spec, place, min(CHUNK_BYTES, plan.limit))
