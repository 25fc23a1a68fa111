"""This folder's head in plain JAX, from hidden states to logits: linear in pooled vectors or means, or recurrent."""

import jax
import jax.numpy as jnp
from folder import HEAD, tensors
from jax.nn import sigmoid

PARAMS = tensors("head.safetensors")


def gru(weights, state, x):
    """One step; z keeps the old state, r resets it."""
    z, r, candidate = jnp.split(x, 3, axis=-1)
    of_z, of_r, of_candidate = jnp.split(
        state[0] @ weights["recurrent_kernel"] + weights["bias"][1], 3, axis=-1
    )
    z, r = sigmoid(z + of_z), sigmoid(r + of_r)
    return (z * state[0] + (1 - z) * jnp.tanh(candidate + r * of_candidate),)


def lstm(weights, state, x):
    """One step; i writes to the memory, f keeps it, o shows it."""
    i, f, c, o = jnp.split(x + state[0] @ weights["recurrent_kernel"], 4, axis=-1)
    memory = sigmoid(f) * state[1] + sigmoid(i) * jnp.tanh(c)
    return sigmoid(o) * jnp.tanh(memory), memory


def recur(weights, hidden, mask, reverse):
    """Last state and all outputs of one direction; padding leaves the state as it is."""
    step = {"gru": gru, "lstm": lstm}[HEAD["cell"]]

    def advance(state, token):
        x, real = token
        after = step(weights, state, x)
        state = tuple(jnp.where(real[:, None], new, old) for new, old in zip(after, state, strict=True))
        return state, state[0]

    x = hidden @ weights["kernel"] + jnp.atleast_2d(weights["bias"])[0]
    zeros = (jnp.zeros((len(mask), HEAD["units"])),) * (1 if HEAD["cell"] == "gru" else 2)
    last, outputs = jax.lax.scan(advance, zeros, (x.swapaxes(0, 1), mask.T), reverse=reverse)
    return last[0], outputs.swapaxes(0, 1)


def pool(values, mask):
    """Mean and maximum over the real tokens."""
    mean = jnp.where(mask[..., None], values, 0).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return mean, jnp.where(mask[..., None], values, -jnp.inf).max(axis=1)


def pooled(hidden, mask):
    """What a pooling head reads of one layer, rounded as what it learnt from."""
    mean, highest = pool(hidden, mask)
    vectors = {"cls": hidden[:, 0], "max": highest, "mean": mean}
    return jnp.concatenate([vectors[name] for name in HEAD["read"]], axis=-1).astype(HEAD["storage_dtype"])


def attended(hidden, mask):
    """Means of the tokens, one for each query, which weighs them by a softmax."""
    scores = jnp.where(mask[..., None], hidden @ PARAMS["queries"], -jnp.inf)
    tokens = jnp.where(mask[..., None], hidden, 0)
    means = jnp.einsum("btq,btd->bqd", jax.nn.softmax(scores, axis=1), tokens)
    return means.reshape(len(means), -1)


def logits(states, mask):
    """Logits [b, k] from the encoder's states, [b, t, d] each: the embeddings, and what each layer leaves."""
    mask = jnp.ones_like(mask, bool) if HEAD["padding_counts"] else mask.astype(bool)
    hidden = states[-1].astype(HEAD["storage_dtype"]).astype(jnp.float32)  # as the head learnt from
    if "layers" in HEAD:
        states = [*states[:-1], hidden]
        chosen = [pooled(states[number].astype(jnp.float32), mask) for number in HEAD["layers"]]
        features = jnp.concatenate(chosen, axis=-1).astype(jnp.float32)
    elif "read" in HEAD:
        features = pooled(hidden, mask).astype(jnp.float32)
    elif "queries" in HEAD:
        features = attended(hidden, mask)
    else:
        ways = [way for way in ("forward", "backward") if way in PARAMS]
        runs = [recur(PARAMS[way], hidden, mask, way == "backward") for way in ways]
        last, outputs = (jnp.concatenate(parts, axis=-1) for parts in zip(*runs, strict=True))
        features = jnp.concatenate(pool(outputs, mask), axis=-1) if HEAD["pooled"] else last
    return features @ PARAMS["dense"]["kernel"] + PARAMS["dense"]["bias"]
