"""Columns that nobody asked for neither end a run nor slow it."""

import decimal
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.cache import UserError
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.tables import json_lines, parquet
from headstart.extract.tables.batch import MOST_CHARACTERS
from headstart.extract.tables.reader import read_batches
from headstart.extract.tables.source import FirstRows

from ..conftest import dataset_of

TEXTS = ["so kind", "so rude", "no good", "no bad"]
ROWS = list(zip(TEXTS, "0101", strict=True))


def written(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def is_sound(rows: Dataset) -> bool:
    counts = rows.counts
    return rows.texts == TEXTS and rows.labels.tolist() == [0, 1, 0, 1] and counts.bad == counts.empty == 0


def named(path: str) -> Dataset:
    return dataset_of(path, text_column="text", label_column="label")


@pytest.mark.parametrize(
    ("header", "other"),
    [
        ("text,label,,,", ",,"),
        ("text,label,x,x", "1,2"),
        ("text,label,", "a\0b"),
        ("text,label,2020", "caf\udce9"),  # a byte that is not of the encoding
        ("text,label,x", "y" * (MOST_CHARACTERS + 1)),
        ("text,label,x", '"a\nb"'),
    ],
    ids=["no names", "a name twice", "NUL", "another encoding", "10 MB", "two lines"],
)
def test_other_columns_of_delimited_text(tmp_path: Path, header: str, other: str) -> None:
    lines = [header, *(f"{text},{label},{other}" for text, label in ROWS)]
    content = "\n".join(lines).encode(errors="surrogateescape")
    path = written(tmp_path / "a.csv", content)
    assert is_sound(named(path))
    assert is_sound(dataset_of(path))
    with pytest.raises(UserError, match=r"data row 5 .* it has 1 cell"):  # ragged rows stay bad
        named(written(tmp_path / "b.csv", content + b"\nragged"))


@pytest.mark.parametrize(
    "other",
    [
        '"x":NaN',
        '"x":1,"x":2',
        '"x":{"a":1,"a":2}',
        '"x":"\\ud800"',
        '"x":"\\u0000"',
        f'"x":"{"y" * (MOST_CHARACTERS + 1)}"',
        '"":1,"":2',
        '"x":[[[]]],"z":-Infinity',
    ],
    ids=["NaN", "a key twice", "inner keys twice", "surrogate", "NUL", "10 MB", "no name", "infinity"],
)
def test_other_keys_of_json_lines(tmp_path: Path, other: str) -> None:
    lines = [f'{{"text":"{text}","label":{label},{other}}}' for text, label in ROWS]
    path = written(tmp_path / "a.jsonl", "\n".join(lines))
    assert is_sound(named(path))
    assert is_sound(dataset_of(path))


@pytest.mark.parametrize(
    "key", ['"label":NaN', '"label":1,"label":0', '"text":"a","text":"b"', '"label":[NaN]']
)
def test_a_chosen_key_must_say_one_thing(tmp_path: Path, key: str) -> None:
    lines = [f'{{"text":"{text}","label":{label}}}' for text, label in ROWS]
    path = written(tmp_path / "a.jsonl", "\n".join([*lines, f'{{"text":"a b","label":1,{key}}}']))
    rows = dataset_of(path, text_column="text", label_column="label", on_bad_row="skip")
    assert (rows.counts.bad, rows.texts) == (1, TEXTS)


OTHERS: dict[str, pa.Array] = {
    "a date after 9999": pa.array([4_000_000] * 4, pa.int32()).cast(pa.date32()),
    "a time after 9999": pa.array([10**18] * 4, pa.timestamp("us")),
    "an unknown zone": pa.array([0] * 4, pa.timestamp("s", tz="Mars/Base")),
    "nanoseconds": pa.array([1] * 4, pa.timestamp("ns")),
    "bytes": pa.array([b"\xff\xfe"] * 4),
    "pictures": pa.array([{"bytes": b"\x89PNG", "path": None}] * 4),
    "a map": pa.array([[("a", 1)]] * 4, pa.map_(pa.string(), pa.int8())),
    "nothing": pa.nulls(4),
    "decimals": pa.array([decimal.Decimal("1.5")] * 4, pa.decimal256(70, 2)),
    "durations": pa.array([1] * 4, pa.duration("ns")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_columns_of_parquet(tmp_path: Path, other: pa.Array) -> None:
    columns = {"text": pa.array(TEXTS), "label": pa.array([0, 1, 0, 1]), "x": other, "text.more": other}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert is_sound(named(str(tmp_path / "a.parquet")))
    assert is_sound(dataset_of(str(tmp_path / "a.parquet")))


def test_other_columns_of_parquet_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    shared = parquet._shared_values

    def shared_values(column: pa.Array, name: str) -> list[object]:
        decoded.append(name)
        return shared(column, name)

    monkeypatch.setattr(parquet, "_shared_values", shared_values)
    pq.write_table(
        pa.table({"text": TEXTS, "x": TEXTS, "label": [0, 1, 0, 1], "y": TEXTS}), tmp_path / "a.parquet"
    )
    assert is_sound(named(str(tmp_path / "a.parquet")))
    assert {*decoded} == {"text", "label"}


def test_a_chosen_column_that_python_has_no_values_for_is_named(tmp_path: Path) -> None:
    columns = {"text": pa.array(TEXTS), "label": pa.array([0, 1, 0, 1]), "when": OTHERS["a time after 9999"]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"column 'when' of type timestamp\[us\] cannot be read"):
        dataset_of(str(tmp_path / "a.parquet"), text_column="text", label_column="label", group_column="when")


def choose(first: FirstRows) -> list[str]:
    return ["text", "label"]


def wide_csv(columns: int) -> bytes:
    names = ",".join(f"c{number}" for number in range(columns))
    rows = "".join(f"{text},{label}{',1' * columns}\n" for text, label in ROWS)
    return f"text,label,{names}\n{rows}".encode()


def wide_json(columns: int) -> bytes:
    more = {f"c{number}": number for number in range(columns)}
    return "\n".join(json.dumps({"text": text, "label": label, **more}) for text, label in ROWS).encode()


def wide_parquet(columns: int) -> bytes:
    file = io.BytesIO()
    more = {f"c{number}": [0.5] * 4 for number in range(columns)}
    pq.write_table(pa.table({"text": TEXTS, "label": [*"0101"], **more}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("ending", "make"), [("csv", wide_csv), ("jsonl", wide_json), ("parquet", wide_parquet)]
)
def test_only_chosen_cells_are_kept(tmp_path: Path, ending: str, make: Callable[[int], bytes]) -> None:
    for columns in (10, 1_000):
        (batch,) = read_batches(written(tmp_path / f"a.{ending}", make(columns)), choose=choose)
        assert batch.header == ["text", "label"]
        assert [tuple(row) for row in batch.rows] == ROWS


@pytest.mark.parametrize("keys", ["twice", "other", "in one object"])
def test_keys_are_looked_up_a_fixed_number_of_times(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is counted: four times the keys are four times the work, not sixteen."""

    class Counted(str):
        hashed = compared = 0

        def __hash__(self) -> int:
            Counted.hashed += 1
            return super().__hash__()

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return super().__eq__(other)

    def work(count: int) -> int:
        Counted.hashed = Counted.compared = 0
        if keys == "other":
            records = [{Counted(number): 1, "text": "a"} for number in range(count)]
            json_lines._first_rows("a.jsonl", records)
        else:
            copies = 2 if keys == "twice" else 1
            json_lines._fields([(Counted(number), 1) for number in range(count) for _ in range(copies)])
        return Counted.hashed + Counted.compared

    assert work(400) <= 5 * work(100)
