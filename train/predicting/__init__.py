"""New texts, labelled by a head of a run: what was asked, the answer, and the file that holds it."""
