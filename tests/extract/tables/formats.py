"""One table in every format and compression, as pandas, pyarrow and json write it."""

import gzip
import io
import zipfile
from collections.abc import Callable

import pandas as pd
import pyarrow as pa

from headstart.extract.tables.reader import read_chunks

CELLS = ["two, words", "NA", 'he said "so"', "a;b|c", "é ☃ 🎉", " padded ", "null", "tab\there", "x"]


TABLE = pd.DataFrame({"text": CELLS, "label": list("010101010"), "more": CELLS[::-1]}, dtype=str)


def whole(data: str | list[str], rows: int = 4) -> pd.DataFrame:
    return pd.concat([chunk.table for chunk in read_chunks(data, rows=rows)])


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", data)
    return file.getvalue()


def zstandarded(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


def parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file, index=False, row_group_size=2)
    return file.getvalue()


def json_lines(table: pd.DataFrame) -> bytes:
    return table.to_json(orient="records", lines=True, force_ascii=False).encode()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zip": zipped,
    ".zst": zstandarded,
}


WRITE: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": lambda table: table.to_csv(index=False).encode(),
    ".tsv": lambda table: table.to_csv(index=False, sep="\t").encode(),
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".parquet": parquet,
}
