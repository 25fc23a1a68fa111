"""Label cleaned texts, in exact float32: `python load.py TEXT ...`. Needs jax, flax, transformers<5, safetensors."""

import sys
from pathlib import Path

import jax

sys.path.insert(0, str(Path(__file__).parent))  # head.py and folder.py lie beside this file
from folder import encoder, reading
from head import HEAD, logits

jax.config.update("jax_default_matmul_precision", "highest")
backbone, model, tokenizer = encoder(logits)


def probabilities(texts):
    """Probability of each class of HEAD["classes"]; of a binary task of the second alone."""
    padding = "max_length" if HEAD["padding_counts"] else True
    options = {"padding": padding, "truncation": True, "max_length": HEAD["max_length"]}
    inputs = tokenizer(list(texts), **options, return_tensors="np")
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    states = model(ids, mask, params=backbone, output_hidden_states=True).hidden_states
    scores = logits(states, mask)
    return jax.nn.softmax(scores) if HEAD["kind"] == "multiclass" else jax.nn.sigmoid(scores)


if __name__ == "__main__":
    if not sys.argv[1:]:
        print("error: no text was given: python load.py TEXT ...", file=sys.stderr)
        sys.exit(2)
    with reading("load.py"):
        print(HEAD["classes"][-HEAD["outputs"] :], probabilities(sys.argv[1:]).tolist(), sep="\n")
