"""Files that go into an exported folder as they are; nothing here is imported by this project."""
