"""A backbone's tokenizer as `transformers.AutoTokenizer` builds it: exactly its ids, or a refusal."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, NamedTuple

from tokenizers import Tokenizer

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import brief
from headstart.extract.text.tokenizer_files import (
    FULL,
    VOCABULARY,
    check_growth,
    read_options,
    tokenizer_file,
)

OTHER_PLACES = {FULL: ("tokenizer_file", "fast_tokenizer_files"), VOCABULARY: ("vocab_file",)}
"""Options that put another file in the place of the one that is there."""
MOST_LABELS = 10**6
PROBES = ["", "A probe: déjà\x07 vu, 東京 1.5 [MASK]!", "a" * 150, "word " * 600]
"""Texts on which the class itself, the pipeline that it wraps and the file that describes it must agree."""
BY_OPTIONS = ("lowercase", "strip_accents", "handle_chinese_chars")
"""What of BERT's normalizer the options decide, whatever tokenizer.json says."""
OF_WORDS = ("max_input_chars_per_word", "continuing_subword_prefix", "unk_token")
"""What else decides how a word falls into pieces."""


class FastTokenizer(NamedTuple):
    """A tokenizer that AutoTokenizer built.

    Attributes:
        pipeline: Its fast backend, from text to ids; it truncates and never pads.
        padding: Id of the token that fills up a row; 0 where there is none.
        obstacle: Why rows cannot be filled up as PyTorch's models would see them; empty if they can.
    """

    pipeline: Tokenizer
    padding: int
    obstacle: str

    @property
    def cuts_left(self) -> bool:
        """Whether the end of a long text is kept, and not its beginning."""
        return bool(self.pipeline.truncation["direction"] == "left")

    @property
    def pad_token(self) -> str:
        """The token that fills up a row."""
        return str(self.pipeline.id_to_token(self.padding))

    def within(self, vocab_size: int) -> "FastTokenizer":
        """The tokenizer for a backbone of so many embeddings: NaN instead of one would spoil a row beside it."""
        if self.padding < vocab_size:
            return self
        reason = (
            f"the tokenizer's pad_token is token {self.padding}, but config.json says vocab_size {vocab_size}"
        )
        return self._replace(padding=0, obstacle=reason)


def load_tokenizer(folder: str, max_length: int) -> FastTokenizer:
    """Load the tokenizer of a backbone's folder, without running code of the folder or asking the network.

    Args:
        folder: The backbone's folder.
        max_length: Tokens kept of each text, special tokens included.

    Raises:
        UserError: there is none, it is damaged, or of a class that has no fast version or another kind of input.
    """
    path = tokenizer_file(folder)
    _check_own_code(folder)
    _check_places(path)
    if path.endswith(FULL):
        _check_growth(folder, path)
    with refused(f"{path} cannot be used{_named_class(folder)}"), _quiet():
        tokenizer = _build(folder)
        _check_class(tokenizer, path)
        if path.endswith(FULL) and int(version("transformers").split(".")[0]) >= 5:
            _check_file(tokenizer.backend_tokenizer, path)
        return _fast_tokenizer(tokenizer, max_length)


@contextlib.contextmanager
def refused(what: str) -> Iterator[None]:
    """Turn whatever the tokenizers library raises into a `UserError` of one line that begins with `what`."""
    try:
        yield
    except UserError:
        raise
    except BaseException as error:
        # Rust's panics are no `Exception`, and bare exceptions are all that the library raises else.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        name = "" if type(error) in (Exception, ValueError, OSError) else f"{type(error).__name__} "
        raise UserError(f"{what}: {name}{' '.join(str(error).split())[:300]}") from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep a library's warnings, and what Rust prints when it panics, from the terminal."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        if sys.stderr:  # None where it was closed before we started
            sys.stderr.flush()
            terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            for step in ((os.close, terminal), (os.close, nowhere), (os.dup2, terminal, 2)):
                stack.callback(*step)
            os.dup2(nowhere, 2)
        yield


def _build(folder: str) -> Any:
    from transformers import AutoTokenizer  # here, because it takes a second
    from transformers.utils import logging

    logging.set_verbosity_error()
    return AutoTokenizer.from_pretrained(
        folder, use_fast=True, local_files_only=True, trust_remote_code=False
    )


def _named_class(folder: str) -> str:
    """The class that the folder's options name, for messages."""
    name = read_options(folder).get("tokenizer_class") or read_options(folder, "config.json").get(
        "tokenizer_class"
    )
    return f" with the tokenizer class {name[:80]}" if isinstance(name, str) else ""


def _check_growth(folder: str, path: str) -> None:
    try:
        fields = read_options(folder, FULL)
    except UserError as error:
        raise UserError(f"{path} cannot be used: {error}") from None
    check_growth(fields, path)


def _check_own_code(folder: str) -> None:
    labels = read_options(folder, "config.json").get("num_labels", 2)
    if type(labels) is not int or not 0 <= labels <= MOST_LABELS:  # transformers makes a name for each
        raise UserError(f"{os.path.join(folder, 'config.json')} has num_labels {brief(labels)}")
    for name in ("tokenizer_config.json", "config.json"):
        classes = read_options(folder, name).get("auto_map")
        code = classes.get("AutoTokenizer") if isinstance(classes, dict) else classes
        if code:
            raise UserError(
                f"{os.path.join(folder, name)} wants a tokenizer class of its own code ({code}), which is never run; "
                f"a {FULL} with a class of transformers is wanted"
            )


def _check_places(path: str) -> None:
    folder, name = os.path.split(path)
    options = read_options(folder)
    for option in OTHER_PLACES[name]:
        if options.get(option):
            raise UserError(
                f"the tokenizer_config.json of {folder} has {option} {options[option]!r}: remove it, so that the "
                f"folder's {name} is read"
            )


def _check_class(tokenizer: Any, path: str) -> None:
    """Refuse what gives ids in another way than its fast backend, or reads files that are not in the recipe."""
    name = type(tokenizer).__name__
    if not getattr(tokenizer, "is_fast", False):
        raise UserError(f"the tokenizer class {name} of {path} has no fast version; only those with one work")
    files = {file for file in tokenizer.vocab_files_names.values() if file != FULL}
    if path.endswith(VOCABULARY) and files != {VOCABULARY}:
        raise UserError(f"the tokenizer class {name} reads {', '.join(sorted(files))}; {path} has no {FULL}")


def _check_file(pipeline: Tokenizer, path: str) -> None:
    """Refuse what transformers 5 builds otherwise than the file says: of many classes it reads the words alone.

    transformers 4 read all of the file, and caches share a key whichever of them made the ids. Where they agree, the
    file's notation is taken, as `tokenizer_hash` compares notations.
    """
    written = Tokenizer.from_file(path)
    written.encode_special_tokens = pipeline.encode_special_tokens
    if hasattr(written.normalizer, BY_OPTIONS[0]) and hasattr(pipeline.normalizer, BY_OPTIONS[0]):
        for option in BY_OPTIONS:
            setattr(written.normalizer, option, getattr(pipeline.normalizer, option))
    answers = []
    for one in (pipeline, written):
        one.no_truncation()
        one.no_padding()
        ids = [(encoding.ids, encoding.type_ids) for encoding in one.encode_batch(PROBES)]
        answers.append((ids, [getattr(one.model, name, None) for name in OF_WORDS]))
    if answers[0] != answers[1]:
        raise UserError(
            f"transformers {version('transformers')} gives other ids than the file says; it is read as it stands by "
            "transformers 4.57, or with the tokenizer_class PreTrainedTokenizerFast in its tokenizer_config.json"
        )
    pipeline.post_processor = written.post_processor


def _fast_tokenizer(tokenizer: Any, max_length: int) -> FastTokenizer:
    with refused(f"the tokenizer class {type(tokenizer).__name__} cannot be used"):
        answers = tokenizer(PROBES, truncation=True, max_length=max_length)["input_ids"]
    pipeline = tokenizer.backend_tokenizer
    pipeline.enable_truncation(max_length, direction=tokenizer.truncation_side)
    pipeline.no_padding()
    encodings = pipeline.encode_batch(PROBES)
    if [encoding.ids for encoding in encodings] != answers:
        raise UserError(f"the tokenizer class {type(tokenizer).__name__} does more than its fast backend")
    segments = "token_type_ids" in tokenizer.model_input_names
    if segments and any(any(encoding.type_ids) for encoding in encodings):
        raise UserError("the tokenizer puts a text into another segment than 0; only segment 0 works")
    return FastTokenizer(pipeline, tokenizer.pad_token_id or 0, _padding_obstacle(tokenizer))


def _padding_obstacle(tokenizer: Any) -> str:
    if tokenizer.pad_token_id is None:
        return "the tokenizer has no pad_token"
    if tokenizer.padding_side != "right":
        return f"the tokenizer has padding_side {tokenizer.padding_side}, which moves every text's positions"
    return ""
