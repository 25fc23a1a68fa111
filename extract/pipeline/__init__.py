"""One run of stage one: from settings to a finished cache, block by block, on one process or many."""
