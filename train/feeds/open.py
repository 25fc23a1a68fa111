"""From a decision about memory to the feed that carries it out."""

from collections.abc import Iterable

from headstart.cache.runtime.errors import UserError
from headstart.train.data.dropout_views import Views, learnt_from
from headstart.train.data.split import Features
from headstart.train.data.subset import Chosen
from headstart.train.engine.passes import Passes
from headstart.train.feeds.feed import ChosenFeed, DeviceFeed, Feed, HostFeed, ViewFeed
from headstart.train.feeds.memory import ASKED, Plan
from headstart.train.feeds.rows import readable
from headstart.train.feeds.sampler import Wanted
from headstart.train.feeds.stream import StreamFeed

CHUNK_BYTES = 64_000_000
"""Of features sent to the device at once from the host's memory."""


def feature_bytes(splits: Iterable[Features], wanted: Wanted) -> int:
    """Bytes of what the heads read of these splits."""
    held = [split.whole if isinstance(split, Chosen) else split for split in splits]
    distinct = {id(split): split for split in held}.values()
    rows = [readable(own) for split in distinct for own in learnt_from(split)]
    return sum(
        (int(row.lengths.sum()) * wanted.tokens + 3 * len(row.labels) * wanted.pooled)
        * row.width
        * row.itemsize
        for row in rows
    )


def open_feed(features: Features, wanted: Wanted, passes: Passes, plan: Plan) -> Feed:
    """A split's feed; where it has views, of one view each epoch.

    Raises:
        UserError: the limit is too small even for streaming.
    """
    if isinstance(features, Views):
        feeds = [open_feed(view, wanted, passes, plan) for view in features.views]
        return ViewFeed(feeds, together=plan.mode != "stream")
    if isinstance(features, Chosen):
        return _chosen_feed(features, wanted, passes, plan)
    if plan.mode == "device":
        return DeviceFeed(features, wanted, passes)
    if plan.mode == "host":
        return HostFeed(features, wanted, passes, min(CHUNK_BYTES, plan.limit))
    return StreamFeed(readable(features), wanted, passes, plan.limit)


def _chosen_feed(features: Chosen, wanted: Wanted, passes: Passes, plan: Plan) -> Feed:
    """Rows of a fold, drawn from the features of all rows, which are there once."""
    if plan.mode == "stream":
        raise UserError(
            f"--folds draws each fold's rows from all features in memory, which may hold {plan.limit:,} bytes of them; "
            f"{'leave out --memory stream' if plan.why == ASKED else 'give a larger --memory-limit'}, or train without "
            "--folds"
        )
    base = features.whole.shared(lambda: open_feed(features.whole, wanted, passes, plan))
    assert isinstance(base, DeviceFeed | HostFeed)
    return ChosenFeed(base, features.whole.lengths, features.chosen, wanted)
