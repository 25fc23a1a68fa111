"""Files that want to do harm: a list made by hand, and damage done to sound files by a seeded hand."""

import gzip
import io
import json
import zipfile
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

GOOD = [("you are kind", "1"), ("not so very kind", "0"), ("two, words", "1"), ("é ☃ here", "0")]
LONG = "word " * 2_000_000 + "!"  # one character too many


class Hostile(NamedTuple):
    """A file, and what must come of it.

    Attributes:
        name: of the file.
        content: its bytes.
        says: what the error says whatever the mode; None where rows can be left out.
        counts: rows read, used, empty and bad, where rows can be left out.
    """

    name: str
    content: bytes
    says: str | None = None
    counts: tuple[int, int, int, int] | None = None


def csv_of(*rows: str | bytes, header: str = "text,label") -> bytes:
    """A sound file of four rows, with more rows after the second."""
    good = [f'"{text}",{label}'.encode() for text, label in GOOD]
    more = [row.encode() if isinstance(row, str) else row for row in rows]
    return b"\n".join([header.encode(), *good[:2], *more, *good[2:], b""])


def lines_of(*rows: str | bytes) -> bytes:
    good = [json.dumps({"text": text, "label": label}).encode() for text, label in GOOD]
    more = [row.encode() if isinstance(row, str) else row for row in rows]
    return b"\n".join([*good[:2], *more, *good[2:], b""])


def parquet_of(**columns: list[object] | pa.Array) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def zip_of(*names: str, content: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


SOUND = csv_of()
BAD_ROW = (5, 4, 0, 1)
NONE_LEFT = "no row that can be used"  # once bad rows are left out
WIDE = ",".join(f"c{number}" for number in range(100_000))

BAD_CSV_ROWS: dict[str, str | bytes] = {
    "one cell": "ragged",
    "three cells": "a b,1,2",
    "many cells": "x," * 5_000 + "x",
    "NUL": "a\0b,1",
    "NUL in the label": "a b,\x001",
    "no UTF-8": b"caf\xe9 au lait,1",
    "half a UTF-8 character": b"\xc3,1",
    "surrogate in UTF-8": b"\xed\xa0\x80 x,1",
    "overlong UTF-8": b"\xc0\xaf x,1",
    "quote after a quote": '"a"b,1',
    "quotes within quotes": '"he said "so" here",1',
    "no label": "a b,",
    "blank label": "a b,   ",
    "10 MB": f"{LONG},1",
    "10 MB in quotes": f'"{LONG}",1',
    "10 MB label": f"a b,{LONG}",
    "10 MB of lines": '"' + ("line " * 20 + "\n") * 105_000 + '",1',
    "25 MB line": f"{'x' * 25_000_000},1",
    "25 MB line in quotes": f'"{"x" * 25_000_000}",1',
}
NO_ROWS: dict[str, str | bytes] = {
    "empty text": ",1",
    "blank text": "   ,0",
    "empty both": ",",
    "quoted": '"",""',
}
BAD_JSON_LINES: dict[str, str | bytes] = {
    "no JSON": "nonsense",
    "half an object": '{"text": "a',
    "array": '["a", "b"]',
    "number": "5",
    "string": '"text"',
    "null": "null",
    "two objects": '{"text":"a","label":"1"} {"text":"b","label":"1"}',
    "key twice": '{"text":"a b","text":"c d","label":"1"}',
    "NaN": '{"text":"a b","label":NaN}',
    "no UTF-8": b'{"text":"caf\xe9","label":"1"}',
    "half a surrogate pair": '{"text":"a \\ud800","label":"1"}',
    "NUL": '{"text":"a \\u0000","label":"1"}',
    "deep": '{"text":' + "[" * 100_000 + "]" * 100_000 + "}",
    "object as text": '{"text":{"a":"b"},"label":"1"}',
    "list as text": '{"text":["a","b"],"label":"1"}',
    "list as label": '{"text":"a b","label":["1"]}',
    "object as label": '{"text":"a b","label":{"a":1}}',
    "no label": '{"text":"a b"}',
    "null label": '{"text":"a b","label":null}',
    "many digits": '{"text":"a b","label":' + "9" * 5_000 + "x}",
    "10 MB": json.dumps({"text": LONG, "label": "1"}),
    "25 MB": json.dumps({"text": "x" * 25_000_000, "label": "1"}),
}
NO_JSON_ROWS = {"no text": '{"label":"1"}', "null text": '{"text":null,"label":"0"}', "empty": "{}"}
WHOLE: list[tuple[str, bytes, str]] = [
    ("empty.csv", b"", "is empty"),
    ("blank.csv", b"\n\n\n", "is empty"),
    ("mark.csv", b"\xef\xbb\xbf", "is empty"),
    ("header.csv", b"text,label\n", "no rows"),
    ("header.tsv", b"text\tlabel", "no rows"),
    ("twice.csv", b"text,text\na b,1\n", "names the column 'text' twice"),
    ("wide.csv", f"{WIDE}\n{WIDE}\n".encode(), "has 100,000 columns"),
    ("wide.tsv", WIDE.replace(",", "\t").encode(), "has 100,000 columns"),
    ("data.csv", b"so kind,1\nnot kind,0\n", "looks like data"),
    ("numbers.csv", b"3.5,so kind\n1,not kind\n", "looks like data"),
    ("nul.csv", b"te\0xt,label\na b,1\n", "NUL byte"),
    ("latin.csv", b"t\xe9xt,label\na b,1\n", "is not UTF-8"),
    ("quote.csv", b'"text,label\na b,1\n', "is no header"),
    ("quote2.csv", b'"text"x,label\na b,1\n', "is no header"),
    ("open.csv", csv_of('"never closed,1'), "data row 3 .* a quote opens"),
    ("open2.csv", csv_of('"over\ntwo lines" x,1'), "data row 3 .* a quote opens"),
    ("open3.csv", csv_of('"he said "so\nand went",1'), ""),
    ("classes.csv", csv_of(*(f"a b,c{n}" for n in range(1_001))), "1,001 different values"),
    ("one.csv", b"text,label\na b,1\nc d,1\n", "two classes are needed"),
    ("digits.csv", b"text,label\n12,1\n34,0\n", "nothing but numbers"),
    ("text.csv", b"text,label\n,1\n ,0\n", "holds no text"),
    ("allbad.csv", b"text,label\na b\nc d,\n", NONE_LEFT),
    ("allbad2.csv", b"text,label\na b,\nc d,\n", NONE_LEFT),
    ("png.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), ""),
    ("utf16.csv", csv_of().decode().encode("utf-16")[:-1], ""),
    ("lone.csv", b"\xff\xfe\x00\xd8\x0a\x00", ""),
    ("mark16.csv", b"\xff\xfe", "is empty"),
    ("twice.csv", gzip.compress(gzip.compress(SOUND)), ""),
    ("cut.csv.gz", gzip.compress(SOUND)[:-9], "cannot be read"),
    ("cut2.csv.gz", gzip.compress(SOUND * 9_999)[:2_000], ""),
    ("crc.csv.gz", gzip.compress(SOUND)[:-8] + b"12345678", "cannot be read"),
    ("plain.csv.gz", SOUND, "cannot be read"),
    ("none.csv.gz", b"", "is empty"),
    ("tail.csv.gz", gzip.compress(SOUND) + b"garbage", "cannot be read"),
    ("cut.csv.zst", pa.compress(SOUND, codec="zstd", asbytes=True)[:-5], "cannot be read"),
    ("plain.csv.zst", SOUND, "cannot be read"),
    ("plain.csv.zip", SOUND, "cannot be read"),
    ("two.csv.zip", zip_of("a.csv", "b.csv"), "holds 2 files"),
    ("none.csv.zip", zip_of(), "holds 0 files"),
    ("folder.csv.zip", zip_of("folder/"), "holds 0 files"),
    ("empty.csv.zip", zip_of("a.csv"), "is empty"),
    ("cut.csv.zip", zip_of("a.csv", content=SOUND)[:-30], "cannot be read"),
    ("flip.csv.zip", zip_of("a.csv", content=SOUND).replace(b"kind", b"k1nd"), "cannot be read"),
    ("empty.jsonl", b"", "is empty"),
    ("blank.jsonl", b"\n \n\t\n", "is empty"),
    ("array.jsonl", b'[{"text":"a b","label":"1"}]', "one JSON array"),
    ("pretty.jsonl", json.dumps({"text": "a b", "label": "1"}, indent=1).encode(), NONE_LEFT),
    ("nulls.jsonl", b"null\nnull\n", NONE_LEFT),
    ("keys.jsonl", json.dumps(dict.fromkeys(WIDE.split(","), 1)).encode(), "has 100,000 columns"),
    ("cut.jsonl.gz", gzip.compress(lines_of())[:-9], "cannot be read"),
    ("empty.parquet", b"", "cannot be read"),
    ("plain.parquet", SOUND, "cannot be read"),
    ("magic.parquet", b"PAR1" + b"\0" * 50 + b"PAR1", "cannot be read"),
    ("cut.parquet", parquet_of(text=["a b", "c d"], label=["1", "0"])[:-20], "cannot be read"),
    ("rows.parquet", parquet_of(text=pa.array([], pa.string()), label=pa.array([], pa.string())), "no rows"),
    ("names.parquet", parquet_of(), "no rows"),
    (
        "nested.parquet",
        parquet_of(text=[{"a": "b"}, {"a": "c"}], label=["1", "0"]),
        "no row that can be used",
    ),
]


def made_by_hand() -> list[Hostile]:
    """The list made by hand."""
    found = [Hostile(name, content, says) for name, content, says in WHOLE]
    found += [Hostile(f"{n}.csv", csv_of(row), counts=BAD_ROW) for n, row in BAD_CSV_ROWS.items()]
    found += [Hostile(f"{n}.csv", csv_of(row), counts=(5, 4, 1, 0)) for n, row in NO_ROWS.items()]
    found += [Hostile(f"{n}.jsonl", lines_of(row), counts=BAD_ROW) for n, row in BAD_JSON_LINES.items()]
    found += [Hostile(f"{n}.jsonl", lines_of(row), counts=(5, 4, 1, 0)) for n, row in NO_JSON_ROWS.items()]
    return found


def damaged(count: int, seed: int = 0) -> list[Hostile]:
    """Sound files with bytes changed, lost, doubled or moved; nothing is known of what comes of them."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(GOOD * 8, columns=["text", "label"], dtype=str)
    sound = {
        "a.csv": csv_of() * 1 + b"".join(csv_of().splitlines(keepends=True)[1:] * 4),
        "a.tsv": table.to_csv(index=False, sep="\t").encode(),
        "a.jsonl": lines_of() * 4,
        "a.parquet": parquet_of(text=table["text"].tolist(), label=table["label"].tolist()),
        "b.csv": table.to_csv(index=False, sep=";").encode("utf-16"),
    }
    packed = {f"{name}.gz": gzip.compress(content) for name, content in sound.items()}
    packed |= {
        f"{name}.zst": pa.compress(content, codec="zstd", asbytes=True) for name, content in sound.items()
    }
    packed |= {f"{name}.zip": zip_of("a", content=content) for name, content in sound.items()}
    files = list((sound | packed).items())
    # Plain text shows most of what can go wrong; packed files mostly only that they are damaged.
    chosen = [files[n % len(sound)] if n % 3 else files[n // 3 % len(files)] for n in range(count)]
    return [Hostile(f"{n}-{name}", _damage(content, random)) for n, (name, content) in enumerate(chosen)]


def _damage(content: bytes, random: np.random.Generator) -> bytes:
    at, length = (int(random.integers(0, len(content))) for _ in range(2))
    odd = [b'"', b"\0", b",", b"\n", b"\xff", b"\r", b'""', b"{", b"\xed\xa0\x80", b";", b"\t"]
    piece = odd[int(random.integers(len(odd)))]
    return [
        content[:at],
        content[:at] + piece + content[at:],
        content[:at] + piece + content[at + 1 :],
        content[:at] + content[at + length % 40 :],
        content[:at] + content[at : at + length % 40] * 2 + content[at + length % 40 :],
        content[:at] + random.bytes(length % 12) + content[at:],
        piece * (1 + length % 5) + content,
        content + piece * (1 + length % 5),
    ][int(random.integers(8))]
