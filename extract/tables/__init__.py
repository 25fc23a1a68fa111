"""Tables of any format, read in chunks (CSV, JSON Lines, Parquet, compressed or not); no row is lost without a word.

The readers are our own: of 13 and 20 hostile files that they recognise, DuckDB read 9 and pyarrow.csv 10, and neither
numbers the rows that it leaves out.
"""
