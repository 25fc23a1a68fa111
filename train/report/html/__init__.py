"""`report.html`: one page with tables and plots; `heads_table.py` is its main table."""
