"""What a run found, and the files it leaves."""
