"""`report.html`: one file that says what a comparison found."""
