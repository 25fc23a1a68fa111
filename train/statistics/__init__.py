"""How sure one may be: bootstrap intervals, pairs of heads by McNemar's test, letters, the verdict."""
