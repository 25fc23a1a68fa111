"""How good each head is on the test rows, how sure that is, and which differences between heads hold."""
