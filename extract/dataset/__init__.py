"""Labelled rows out of table batches: which columns, which classes, which rows are left out and why."""
