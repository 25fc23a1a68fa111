"""A backbone's files: found, read as the parameters of a DistilBERT, hashed."""
