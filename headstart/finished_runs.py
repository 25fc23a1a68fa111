"""`python bench.py compare` and `verify`: runs that are finished."""

from headstart.cache.runtime.environment import prepare_jax
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.output import say_json
from headstart.cache.runtime.progress import command_phase
from headstart.cache.runtime.text import printable, say
from headstart.train.options import RunSettings


def compare_runs(options: RunSettings) -> None:
    """Put finished runs side by side."""
    from headstart.train.report.compare import compare_answers, compare_lines, readable
    from headstart.train.results.folder import RunFolder
    from headstart.train.results.run_record import encode

    runs, errors = readable([RunFolder(path.rstrip("/") or "/") for path in options.runs])
    if len(runs) > 1 or not errors:
        with command_phase("comparing the runs", not options.talks, logged=False):
            comparison = compare_answers(runs)
        if options.json:
            say_json(encode(comparison))
        else:
            say(compare_lines(comparison))
    if errors:
        raise UserError(*(line for error in errors for line in error.lines))


def verify_runs(options: RunSettings) -> None:
    """Prove finished runs.

    Raises:
        UserError: one is damaged, or no run; the others are proved.
    """
    prepare_jax()
    from headstart.train.results.folder import RunFolder
    from headstart.train.results.verify import prove

    proofs, errors = [], list[str]()
    for path in options.runs:
        try:
            with command_phase(f"proving {path}", not options.talks, logged=False):
                lines = [printable(prove(RunFolder(path.rstrip("/") or "/")))]
        except UserError as error:
            lines = [*error.lines]
            errors += lines
        else:
            if not options.json:
                say(*lines)
        proofs.append({"run": path, "sound": lines[0] not in errors, "lines": lines})
    if options.json:
        say_json(proofs)
    if errors:
        raise UserError(*errors)
