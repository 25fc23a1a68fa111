"""Keras, which only the tests use, computes with JAX; its configuration is not the user's."""

import os
import tempfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))
