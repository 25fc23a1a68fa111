"""Label new text with a head that bench.py has trained.

`python predict.py --run results/CACHE "some text"`, or `--input texts.csv --output labels.csv`;
`python predict.py export results/CACHE FOLDER` writes what labels text without this project.
"""

import contextlib
import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.cache.runtime.command_line import choose
from headstart.cache.runtime.environment import prepare_jax
from headstart.cache.runtime.errors import exit_code
from headstart.cache.runtime.files import atomic_file
from headstart.cache.runtime.output import remarks, say_json, say_next
from headstart.cache.runtime.text import printable, say
from headstart.extract.predict.options import (
    ExportSettings,
    LabelSettings,
    checked,
    command_lines,
    require_explained,
)
from headstart.heads.registry import REGISTRY
from headstart.heads.spec import spec_of
from headstart.labelling import REPORTER, Loaded, label_file, labelling_of, log, open_target

if TYPE_CHECKING:  # at run time these are imported once the arguments are known to be sound
    from headstart.extract.predict.stablehlo import Source
    from headstart.extract.text.tokenizer import Tokens
    from headstart.train.predict.answers import Answer
    from headstart.train.predict.explain_page import Explained, LabelledText
    from headstart.train.predict.trained_head import Trained

COMMAND_LINES = command_lines(__doc__ or "")


def main() -> None:
    """Run the command."""
    name, arguments = choose("python predict.py", "", COMMAND_LINES, sys.argv[1:], first_step)
    options, *_ = COMMAND_LINES[name].parse(arguments)
    with remarks(options.quiet):
        export(options) if name else label(checked(options))


def first_step() -> tuple[str, list[str]]:
    """What to begin with: a text for the newest run, or a run."""
    records = glob.glob(os.path.join("results", "*", "results.json"))
    if runs := sorted(records, key=os.path.getmtime):
        run = os.path.dirname(runs[-1])
        return "label a text with the newest run", ["python", "predict.py", "--run", run, "some text"]
    return "train heads first", ["python", "bench.py", "--heads", "all"]


def label(options: LabelSettings) -> None:
    """Label texts of the command line, or a file."""
    prepare_jax()
    with REPORTER.phase("loading JAX", logged=False):
        from headstart.heads.explain import splits_over_tokens
        from headstart.trained import open_head, spec_of_trained

    head = open_head(options.run, options.head)
    threshold = head.threshold(options.threshold)
    if options.explain and not splits_over_tokens(spec_of_trained(head)):
        require_explained(head.name, [name for name in REGISTRY if splits_over_tokens(spec_of(name))])
    with REPORTER.phase("loading the encoder"):
        loaded = load(head, options.backbone)
    log(named(head))
    (label_file if options.input else label_command_line)(options, loaded, threshold)


def named(head: "Trained") -> str:
    """A head in words."""
    unproven = ", without a SHA-256 to check it by (the run is of an earlier version)"
    return f"head {head.name}, seed {head.seed}, backbone {head.backbone}" + unproven * (
        head.run.digests is None
    )


def export(options: ExportSettings) -> None:
    """Write a head and its backbone to a folder of their own.

    Raises:
        UserError: the folder exists, or the backbone is another one.
    """
    from headstart.train.export.contents import new_folder
    from headstart.train.export.hub import push, require_name

    if options.push:
        require_name(options.push)
    prepare_jax()
    with REPORTER.phase("loading JAX", logged=False):
        from headstart.trained import open_head

    head = open_head(options.run, options.head)
    with REPORTER.phase("compiling and writing the head and its encoder"), new_folder(options.out) as folder:
        fill(folder, load(head, options.backbone), options.arithmetic == "float32", options.license)
    log(f"{named(head)}: {options.out}")
    with REPORTER.phase("uploading") if options.push else contextlib.nullcontext():
        url = push(options.out, options.push) if options.push else None
    if url:
        log(f"uploaded to {url}")
    if options.talks:
        say_next(
            "label texts without this project", "python", os.path.join(options.out, "load.py"), "some text"
        )
    if options.json:
        say_json({"run": options.run, "head": head.name, "seed": head.seed, "path": options.out, "url": url})


def fill(folder: Path, loaded: Loaded, exact: bool, licence: str | None = None) -> None:
    """Write everything that an exported folder holds."""
    from headstart.extract.predict.stablehlo import ENCODER, Source, as_stablehlo, config_json, tokenizer_json
    from headstart.heads import registry
    from headstart.train.export import contents
    from headstart.train.export.hub import metadata
    from headstart.train.export.model_card import Program, card
    from headstart.trained import spec_of_trained

    head, spec = loaded.head, spec_of_trained(loaded.head)
    source = Source(head.recipe, loaded.encoder.checkpoint, exact, spec.layers)
    contents.save_scripts(folder, ENCODER)
    contents.save_tensors(folder / "backbone.safetensors", source.weights())
    contents.save_tensors(folder / "head.safetensors", head.params)
    contents.save_json(folder / "config.json", config_json(source))
    contents.save_json(folder / "recipe.json", head.recipe.to_json())
    contents.save_json(folder / "labels.json", head.task.to_json())
    (folder / "tokenizer.json").write_text(tokenizer_json(source), "utf-8")
    (folder / "requirements.txt").write_text(contents.requirements(head.recipe), "utf-8")
    program = as_stablehlo(program_of(loaded, source), head.recipe)
    (folder / "model.stablehlo").write_bytes(program)
    described = registry.described(spec.head) | ({"layers": spec.layers} if spec.layers else {})
    about_head = {**contents.head_json(head), **described, "sha256": contents.digests(folder)}
    contents.save_json(folder / "head.json", about_head)
    difference = contents.try_program(program, loaded.encoder, loaded.answer, head.recipe)
    about = Program(exact, len(contents.SAMPLES), difference)
    readme = card(head, spec.title, contents.packages(head.recipe), about, metadata(head, licence))
    (folder / "README.md").write_text(readme, "utf-8")


def program_of(loaded: Loaded, source: "Source") -> "Callable[..., Any]":
    """The function that is exported: token ids and mask in, logits and probabilities out."""
    from headstart.extract.predict.stablehlo import tokens_in
    from headstart.trained import answers_of

    answer = answers_of(loaded.head, "float32" if source.exact else loaded.head.run.operands)
    return tokens_in(source, lambda *inputs: tuple(answer(*inputs)), loaded.head.params)


def load(head: "Trained", backbone: str | None) -> Loaded:
    """Put backbone and head together.

    Raises:
        UserError: the backbone is not the one that the head learnt from.
    """
    from headstart.extract.checkpoint.checkpoint import find_checkpoint
    from headstart.extract.predict.encoder import Encoder
    from headstart.trained import answers_of, spec_of_trained

    padded = head.recipe.layout == "padded"
    checkpoint = find_checkpoint(backbone or head.backbone_place, padded, download=backbone is not None)
    layers = spec_of_trained(head).layers
    encoder = Encoder(head.recipe, checkpoint, head.block_rows, head.run.cache.device, layers)
    return Loaded(head, encoder, encoder.scorer(answers_of(head, head.run.operands), head.params))


def label_command_line(options: LabelSettings, loaded: Loaded, threshold: float | list[float]) -> None:
    """Label the texts of the command line: a line for each, and what their tokens add if asked for."""
    from headstart.train.predict.explain_page import as_lines, as_page, label_texts
    from headstart.train.predict.stream import label_alone, remarks_on

    tokens = loaded.encoder.tokenize(options.texts)
    for line in remarks_on(loaded.encoder.flags_of(tokens)):
        log(line)
    if options.json:
        label_alone(options.texts, labelling_of(options, loaded, threshold), open_target(options, sys.stdout))
        return
    with REPORTER.phase("compiling, and labelling the texts"):
        answer = loaded.answer(tokens)
        labelled = label_texts(loaded.head.task, options.texts, answer.probabilities, threshold)
        shown = list(explained(labelled, tokens, answer, loaded)) if options.explain else []
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for row, text in enumerate(labelled):
        say(printable(str(text)))
        if shown and not options.html:
            print(as_lines(shown[row], colour))
    if options.html:
        page = as_page(f"What each token adds: head {loaded.head.name}", shown)
        with atomic_file(options.html) as file:
            file.write(page.encode())
        log(f"written to {options.html}")


def explained(
    labelled: "Sequence[LabelledText]", tokens: "Tokens", answer: "Answer", loaded: Loaded
) -> "Iterator[Explained]":
    """Each answer with what each token adds."""
    import numpy as np

    from headstart.heads.explain import features_won
    from headstart.train.predict.explain_page import Explained
    from headstart.trained import added_by_tokens, spec_of_trained

    head, bias = loaded.head, np.asarray(loaded.head.params["dense"]["bias"])
    reads_maximum = "max" in getattr(spec_of_trained(head).head, "read", ())
    rows, pooled = loaded.encoder.hidden(tokens)
    words, outputs = loaded.encoder.words(tokens), head.task.classes[-head.task.outputs :]
    for row, hidden in enumerate(rows):
        added = added_by_tokens(head, hidden, pooled[row])
        won = features_won(hidden) if reads_maximum else None
        padded = words[row] + ["[PAD]"] * (len(hidden) - len(words[row]))
        yield Explained(labelled[row], outputs, answer.logits[row], bias, padded, added, won)


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(exit_code(main, "the same command goes on from the last rows that are safely written"))
