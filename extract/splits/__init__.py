"""Which row goes to train, valid or test: by shuffling, by content, by a column, or by files of their own."""
