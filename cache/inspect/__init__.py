"""Look at caches, prove them, mend them: list, verify (which checks every checksum), repair."""
