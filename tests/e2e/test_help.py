"""Every command's help, and that one letter means one thing everywhere."""

import re
from collections import defaultdict

import pytest

COMMANDS = ["run", "replay", "trace syscall", "trace network", "trace request", "get", "describe", "logs", "export", "import", "delete",
            "prune", "check", "push", "config", "help", "version"]

# The one letter with two meanings: what `run` calls, and to go on reading.
MEANINGS = {"f": {"function", "follow"}}

# Letters that are promised.
PROMISED = {"e": "env", "o": "output", "T": "trace", "c": "config", "d": "duration", "t": "start-time", "q": "quiet", "v": "verbose",
            "y": "paths", "k": "stack"}


def options_of(timecraft, command):
    """(letter or "", name) of every option in a command's help."""
    result = timecraft("help", *command.split())
    assert (result.returncode, result.stderr) == (0, "")
    return re.findall(r"^  (?:-(.), |    )--([a-z-]+)", result.stdout, re.MULTILINE)


def test_help_lists_every_command(timecraft):
    listed = re.findall(r"^  ([a-z]+(?: [a-z]+)?) ", timecraft("help").stdout, re.MULTILINE)
    assert listed == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_has_an_option_twice(timecraft, command):
    options = options_of(timecraft, command)
    names = [name for _, name in options]
    letters = [letter for letter, _ in options if letter]
    assert len(set(names)) == len(names)
    assert len(set(letters)) == len(letters)
    assert "help" not in names and "h" not in letters


def test_one_letter_means_one_thing(timecraft):
    meanings, letters = defaultdict(set), defaultdict(set)
    for command in COMMANDS:
        for letter, name in options_of(timecraft, command):
            letters[name].add(letter)
            if letter:
                meanings[letter].add(name)
    assert {letter: names for letter, names in meanings.items() if len(names) > 1} == MEANINGS
    assert {name: found for name, found in letters.items() if len(found) > 1} == {}
    assert {letter: meanings[letter] for letter in PROMISED} == {letter: {name} for letter, name in PROMISED.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_comes_both_ways(timecraft, command):
    assert timecraft(*command.split(), "--help").stdout == timecraft("help", *command.split()).stdout
