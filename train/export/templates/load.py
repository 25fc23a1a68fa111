"""Label texts, in exact float32: `python load.py TEXT ...`. What has to be installed is in requirements.txt."""

import sys
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # head.py and folder.py lie beside this file
from folder import cleaner, encoder, reading
from head import HEAD, logits

jax.config.update("jax_default_matmul_precision", "highest")
clean, (backbone, model, tokenizer) = cleaner(), encoder(logits)


def tokens(texts):
    """Token ids and mask of clean texts, `[b, t]` int32 each."""
    rows = tokenizer.encode_batch(texts)
    return tuple(
        np.array([getattr(row, name) for row in rows], np.int32) for name in ("ids", "attention_mask")
    )


def probabilities(texts):
    """Probability of each class of HEAD["classes"], of a binary task of the second alone, for a list of raw texts."""
    ids, mask = tokens([clean(text) for text in texts])
    _, states = model.apply({"params": backbone}, ids, mask)
    scores = logits(states, mask)
    return jax.nn.softmax(scores) if HEAD["kind"] == "multiclass" else jax.nn.sigmoid(scores)


if __name__ == "__main__":
    if not sys.argv[1:]:
        print("error: no text was given: python load.py TEXT ...", file=sys.stderr)
        sys.exit(2)
    with reading("load.py"):
        print(HEAD["classes"][-HEAD["outputs"] :], probabilities(sys.argv[1:]).tolist(), sep="\n")
