"""Stage one: rows -> clean text -> tokens -> batches -> hidden states -> feature cache."""
