"""What a run found and leaves: results, records, folder, pictures."""
