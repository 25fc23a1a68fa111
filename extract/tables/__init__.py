"""Tables of any format, read in chunks (CSV, JSON Lines, Parquet, compressed or not); no row is lost without a word."""
