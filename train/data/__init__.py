"""The splits of a cache as heads read them: one protocol, and views that can be composed."""
