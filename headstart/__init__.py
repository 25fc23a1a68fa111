"""Freeze a text encoder, run it once, then train and compare small heads in seconds.

    features = headstart.encode(texts, labels, backbone="minilm")
    comparison = headstart.compare(features, heads=["avg", "gru"], seeds=3)
    model = comparison.best()
    model.predict_proba(["some text"])

The rooms of the checkout are the sub-packages: `headstart.cache` is the folder `cache/`, by a symbolic link, and so are
`extract`, `heads` and `train`. So nothing generic is ever imported, and a user's own `cache.py` does no harm.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headstart.version import __version__

if TYPE_CHECKING:
    from headstart.cache.runtime.errors import UserError
    from headstart.comparison import ComparisonResult, compare
    from headstart.estimators.frozen_text_encoder import FrozenTextEncoder
    from headstart.estimators.head_classifier import HeadClassifier
    from headstart.features import Features, encode
    from headstart.model import Model, load

__all__ = [
    "ComparisonResult", "Features", "FrozenTextEncoder", "HeadClassifier", "Model", "UserError",
    "__version__", "compare", "encode", "load",
]  # fmt: skip

_PLACES = {
    "ComparisonResult": "headstart.comparison",
    "Features": "headstart.features",
    "FrozenTextEncoder": "headstart.estimators.frozen_text_encoder",
    "HeadClassifier": "headstart.estimators.head_classifier",
    "Model": "headstart.model",
    "UserError": "headstart.cache.runtime.errors",
    "compare": "headstart.comparison",
    "encode": "headstart.features",
    "load": "headstart.model",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import headstart` alone takes no time."""
    if name not in _PLACES:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
