"""The frozen encoder: its checkpoint, its forward pass, its compiled programs.

`distilbert.py` is the one file that touches transformers and `pmap`.
"""
