"""Stage two: splits of a cache -> feeds -> trained heads -> metrics -> statistics -> results -> report.

`stopping.py` decides when a head stops, `plateau.py` when its learning rate falls.
"""
