"""The ten heads in PyTorch, built from our registry's rows."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from headstart.heads import Head, PoolingHead


class Classifier(nn.Module):
    """A head.

    Recurrent layers run over packed rows, which costs nothing at padding and is right both ways, or over padded ones
    as they are, which is what one writes first; then a last state is that of the last position, padding or not.
    """

    def __init__(self, head: Head, width: int, packed: bool) -> None:
        super().__init__()
        self._head, self._packed = head, packed
        if isinstance(head, PoolingHead):
            features = width * len(head.read)
        else:
            cell = {"gru": nn.GRU, "lstm": nn.LSTM}[head.cell]
            self.recurrent = cell(width, head.units, batch_first=True, bidirectional=head.bidirectional)
            features = head.units * (1 + head.bidirectional) * (1 + head.pooled)
        self.dense = nn.Linear(features, 1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Hidden states `[b, t, d]` and mask `[b, t]` -> logits `[b]`."""
        return self.dense(self._features(hidden, mask))[:, 0]

    def _features(self, hidden: Tensor, mask: Tensor) -> Tensor:
        if isinstance(self._head, PoolingHead):
            return torch.cat([pool(name, hidden, mask) for name in self._head.read], -1)
        if not self._packed:
            outputs, state = self.recurrent(hidden)
            return self._summary(outputs, state, mask)
        packed = pack_padded_sequence(hidden, mask.sum(1), batch_first=True, enforce_sorted=False)
        outputs, state = self.recurrent(packed)
        padded, _ = pad_packed_sequence(outputs, batch_first=True)
        return self._summary(padded, state, mask[:, : padded.shape[1]])

    def _summary(self, outputs: Tensor, state: Tensor, mask: Tensor) -> Tensor:
        if not self._head.pooled:
            return (state[0] if self._head.cell == "lstm" else state)[-1]
        return torch.cat([pool(name, outputs, mask) for name in ("mean", "max")], -1)


def pool(name: str, hidden: Tensor, mask: Tensor) -> Tensor:
    if name == "cls":
        return hidden[:, 0]
    if name == "max":
        return hidden.masked_fill(~mask[..., None], -torch.inf).amax(1)
    # a matrix product, which is faster than filling and adding; padding is zero, so 0 * nan cannot happen
    return torch.bmm(mask[:, None].float(), hidden)[:, 0] / mask.sum(1, keepdim=True)
