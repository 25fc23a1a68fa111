"""Exported folders in a process that cannot see this project."""

import json
import subprocess
from pathlib import Path

import numpy as np

OUTSIDE = """
import json, sys
from pathlib import Path
import numpy as np
from jax import export
texts = json.loads(sys.stdin.read())
found = []
for folder in sys.argv[1:]:
    sys.path.insert(0, folder)
    import load
    loaded = np.asarray(load.probabilities(texts))
    program = export.deserialize(bytearray((Path(folder) / "model.stablehlo").read_bytes()))
    logits, shares = program.call(*load.tokens(texts))
    assert set(program.platforms) == {"cpu", "cuda", "tpu"}
    found.append([loaded.tolist(), np.asarray(shares).tolist(), np.asarray(logits).tolist()])
    del sys.modules["load"], sys.modules["head"], sys.modules["folder"], sys.modules["flax_distilbert"]
assert not {name.split(".")[0] for name in sys.modules} & {"heads", "extract", "train", "cache"}
print(json.dumps(found))
"""


def outside(python: str, folders: list[Path], texts: list[str], cwd: Path) -> list[list[np.ndarray]]:
    """Probabilities of the loader, of the program, and its logits, for each exported folder.

    Args:
        python: runs in a process of its own, which sees the folders and installed packages alone.
        folders: exported.
        texts: cleaned.
        cwd: where it runs.
    """
    line = [python, "-I", "-c", OUTSIDE, *map(str, folders)]
    run = subprocess.run(line, input=json.dumps(texts), capture_output=True, text=True, check=False, cwd=cwd)
    assert run.returncode == 0, run.stderr
    return [[np.array(part) for part in own] for own in json.loads(run.stdout.splitlines()[-1])]
