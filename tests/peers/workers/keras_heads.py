"""The ten heads in Keras 3, built from our registry's rows, with the notebook's callbacks and Adam."""

import keras
from keras import layers, ops

from headstart.heads import Head, PoolingHead

POOLED = ("cls", "max", "mean")


class MaskedMax(layers.Layer):
    """Maximum over real tokens; Keras' own GlobalMaxPooling1D knows no mask."""

    def call(self, inputs, mask):  # type: ignore[no-untyped-def]
        return ops.max(ops.where(mask[..., None], inputs, -1e9), axis=1)


def build(head: Head, length: int, width: int, pooled: bool) -> keras.Model:
    """The compiled model.

    Args:
        head: a row of our registry.
        length: tokens of a padded row.
        width: features of a token.
        pooled: a pooling head reads the cache's pooled vectors instead of hidden states and mask.
    """
    if pooled and isinstance(head, PoolingHead):
        inputs = [keras.Input((len(POOLED), width))]
        features = joined([inputs[0][:, POOLED.index(name)] for name in head.read])
    else:
        inputs = [keras.Input((length, width)), keras.Input((length,), dtype="bool")]
        features = read(head, *inputs)
    return compiled(keras.Model(inputs, layers.Dense(1, activation="sigmoid")(features)), head)


def compiled(model: keras.Model, head: Head) -> keras.Model:
    """Give a model the notebook's optimizer and loss."""
    adam = keras.optimizers.Adam(head.learning_rate, epsilon=1e-7)
    model.compile(adam, loss="binary_crossentropy", metrics=["accuracy"])
    return model


def read(head: Head, hidden: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """What the classifier at the end sees."""
    if isinstance(head, PoolingHead):
        return joined([pool(name, hidden, mask) for name in head.read])
    cell = {"gru": layers.GRU, "lstm": layers.LSTM}[head.cell]
    layer = cell(head.units, return_sequences=head.pooled)
    if head.bidirectional:
        layer = layers.Bidirectional(layer)
    outputs = layer(hidden, mask=mask)
    return joined([pool(name, outputs, mask) for name in ("mean", "max")]) if head.pooled else outputs


def pool(name: str, hidden: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    if name == "cls":
        return hidden[:, 0]
    layer = layers.GlobalAveragePooling1D() if name == "mean" else MaskedMax()
    return layer(hidden, mask=mask)


def joined(parts: list[keras.KerasTensor]) -> keras.KerasTensor:
    return parts[0] if len(parts) == 1 else layers.Concatenate()(parts)


def callbacks() -> list[keras.callbacks.Callback]:
    """The notebook's two rules."""
    plateau = keras.callbacks.ReduceLROnPlateau(
        "val_loss", factor=0.1, patience=3, min_delta=1e-4, min_lr=1e-8, cooldown=1
    )
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", min_delta=1e-4, patience=5, restore_best_weights=True
    )
    return [plateau, stopping]
