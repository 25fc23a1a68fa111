"""A head with its backbone as a folder that works without this project."""
