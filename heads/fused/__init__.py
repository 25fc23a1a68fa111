"""How heads are trained: all heads in one pass over a ragged batch, their gradients written out."""
