"""Every head against a slow NumPy version: one row without its padding, one step at a time, float64."""

import numpy as np
import pytest

from .keras_models import ON_LAST


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tanh(x):
    return 2 / (1 + np.exp(-2 * x)) - 1


def gates(array, count):
    """Column blocks of a kernel or bias, written out so that their order can be read below."""
    units = array.shape[-1] // count
    return [array[..., gate * units : (gate + 1) * units] for gate in range(count)]


def gru(words, weights):
    kernel_z, kernel_r, kernel_h = gates(weights["kernel"], 3)
    recurrent_z, recurrent_r, recurrent_h = gates(weights["recurrent_kernel"], 3)
    (bias_z, bias_r, bias_h), (again_z, again_r, again_h) = (gates(bias, 3) for bias in weights["bias"])
    h, outputs = np.zeros(len(recurrent_z)), []
    for x in words:
        z = sigmoid(x @ kernel_z + bias_z + h @ recurrent_z + again_z)
        r = sigmoid(x @ kernel_r + bias_r + h @ recurrent_r + again_r)
        candidate = tanh(x @ kernel_h + bias_h + r * (h @ recurrent_h + again_h))
        h = z * h + (1 - z) * candidate
        outputs.append(h)
    return outputs


def lstm(words, weights):
    kernel_i, kernel_f, kernel_c, kernel_o = gates(weights["kernel"], 4)
    recurrent_i, recurrent_f, recurrent_c, recurrent_o = gates(weights["recurrent_kernel"], 4)
    bias_i, bias_f, bias_c, bias_o = gates(weights["bias"], 4)
    h, c, outputs = np.zeros(len(recurrent_i)), np.zeros(len(recurrent_i)), []
    for x in words:
        i = sigmoid(x @ kernel_i + h @ recurrent_i + bias_i)
        f = sigmoid(x @ kernel_f + h @ recurrent_f + bias_f)
        o = sigmoid(x @ kernel_o + h @ recurrent_o + bias_o)
        c = f * c + i * tanh(x @ kernel_c + h @ recurrent_c + bias_c)
        h = o * tanh(c)
        outputs.append(h)
    return outputs


def both_ways(layer, words, params):
    there = layer(words, params["forward"])
    back = layer(words[::-1], params["backward"])[::-1]
    return [np.concatenate(pair) for pair in zip(there, back, strict=True)]


def mean_then_max(vectors):
    mean = sum(vectors) / len(vectors)
    return np.concatenate([mean, [max(column) for column in zip(*vectors, strict=True)]])


def attention(words, queries):
    means = []
    for query in queries.T:
        weights = np.array([np.exp(word @ query) for word in words])
        means.append(sum(weight * word for weight, word in zip(weights, words, strict=True)) / weights.sum())
    return np.concatenate(means)


FEATURES = {
    "cls": lambda words, params: words[0],
    "max": lambda words, params: mean_then_max(words)[words.shape[1] :],
    "avg": lambda words, params: mean_then_max(words)[: words.shape[1]],
    "maxavg": lambda words, params: mean_then_max(words),
    "gru": lambda words, params: gru(words, params["forward"])[-1],
    "gru_pooled": lambda words, params: mean_then_max(gru(words, params["forward"])),
    "bigru_pooled": lambda words, params: mean_then_max(both_ways(gru, words, params)),
    "lstm": lambda words, params: lstm(words, params["forward"])[-1],
    "lstm_pooled": lambda words, params: mean_then_max(lstm(words, params["forward"])),
    "bilstm_pooled": lambda words, params: mean_then_max(both_ways(lstm, words, params)),
    "attn": lambda words, params: attention(words, params["queries"]),
}


def oracle(name, words, params):
    return FEATURES[name](words, params) @ params["dense"]["kernel"] + params["dense"]["bias"]


def in_float64(tree):
    return {k: in_float64(v) if isinstance(v, dict) else np.float64(v) for k, v in tree.items()}


@pytest.mark.parametrize("name", ON_LAST)
def test_logits_equal_the_oracle(name, batch, random_params, logits_with):
    params = in_float64(random_params(name))
    rows = [np.float64(row)[real] for row, real in zip(batch.hidden, np.asarray(batch.mask), strict=True)]
    expected = [oracle(name, words, params) for words in rows]
    np.testing.assert_allclose(logits_with(name)(batch), expected, atol=1e-5)
