"""A folder that labels text without this project."""
