"""Token ids -> packed sequences (where padding is decided) -> hidden states of a block."""
