"""For people: lines on the terminal, comparisons, the written report."""
