"""What every command needs: JAX's environment, errors and exit codes, signals, progress, timing."""
