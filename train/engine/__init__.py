"""The training loop: the optimizer's steps, compiled epochs, the loop over epochs, resuming, checkpoints."""
