"""How sure one may be: bootstrap intervals, McNemar's test, letters, the verdict."""
