"""Stage one: rows -> clean text -> tokens -> packed sequences -> hidden states -> blocks of a cache."""
