"""`headstart --completion bash`: a script by which a shell completes commands, flags and choices.

shtab 1.13 makes such scripts, too: of the same questions, each takes 5 ms of CPU where this takes 0.4 ms, and behind an
empty word it offers no flags. argcomplete starts Python, which imports every command's options, 0.25 s at each Tab.
"""

from collections.abc import Mapping

from headstart.cache.runtime.command_line import CommandLine
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean

SHELLS = ("bash", "zsh")

SCRIPT = """\
# Completion of the command `headstart`. {shell}: eval "$(headstart --completion {shell})"
_headstart() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="" at known
    for ((at = 1; at < COMP_CWORD; at++)); do
        known="${{command:+$command }}${{COMP_WORDS[at]}}"
        case "$known" in {commands}) command="$known" ;; *) break ;; esac
    done
    local words=""
    case "$command:$before" in
{choices}
        {values}) ;; # files
        *) case "$command" in
{flags}
        esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -o bashdefault -F _headstart headstart
"""


def script(shell: str, lines: Mapping[str, CommandLine]) -> str:
    """A completion script.

    Args:
        shell: `bash` or `zsh`, which has bash's commands for it.
        lines: The command lines of all commands, by what stands behind `headstart`: `bench layers`.

    Raises:
        UserError: it is another shell.
    """
    if shell not in SHELLS:
        raise UserError(
            f"there is no completion for {shell!r}; {did_you_mean(shell, SHELLS)}shells: {', '.join(SHELLS)}"
        )
    words: dict[str, list[str]] = {"": ["--help", "--version", "--completion"]}
    choices, values = {":--completion": list(SHELLS)}, []
    for name, line in lines.items():
        for end in range(len(name.split())):  # `extract prepare` has no options, but a subcommand
            above, word = " ".join(name.split()[:end]), name.split()[end]
            words.setdefault(above, [])
            words[above] += [word] if word not in words[above] else []
        options = [argument for argument in line.arguments if not argument.about.positional]
        words[name] = [*words.get(name, []), *(option.flag for option in options), "--help"]
        choices |= {f"{name}:{option.flag}": list(option.choices) for option in options if option.choices}
        values += [
            f"{name}:{option.flag}" for option in options if not option.choices and not option.is_switch
        ]
    text = SCRIPT.format(
        shell=shell,
        commands="|".join(f'"{name}"' for name in words if name),
        choices="\n".join(f'        "{at}") words="{" ".join(each)}" ;;' for at, each in choices.items()),
        values="|".join(f'"{at}"' for at in values),
        flags="\n".join(f'            "{at}") words="{" ".join(each)}" ;;' for at, each in words.items()),
    )
    return f"autoload -U +X bashcompinit && bashcompinit\n{text}" if shell == "zsh" else text
