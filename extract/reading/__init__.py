"""Read data files of any format in chunks: nothing is ever held whole, and no row is lost without a word."""

from extract.reading.bad import BadRow
from extract.reading.chunks import Chunk, read_chunks

__all__ = ["BadRow", "Chunk", "read_chunks"]
