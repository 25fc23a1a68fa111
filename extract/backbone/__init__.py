"""The frozen encoder: its forward pass and its compiled programs.

`distilbert.py` is the one file that touches transformers' Flax classes, `devices.py` the one that knows `pmap`.
"""
