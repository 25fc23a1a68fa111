"""Stage one by workers that know nothing of each other: each computes its units of the data."""
