import logging
import os

import pytest

from emotion.cli import terminal


def test_notes_go_to_stderr_unless_quiet(capsys):
    logger = logging.getLogger("emotion.faces")
    terminal.log_to_stderr(quiet=False)
    logger.info("a note")
    terminal.log_to_stderr(quiet=True)
    logger.info("unheard")
    assert capsys.readouterr() == ("", "a note\n")


def test_a_traceback_has_lines_and_a_name_in_a_note_has_none(capsys):
    terminal.log_to_stderr(quiet=False)
    try:
        raise ValueError("x")
    except ValueError:
        logging.getLogger("emotion").exception("a\nb.jpg")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["a\\nb.jpg", "Traceback (most recent call last):"]
    assert lines[-1] == "ValueError: x"


def test_results_go_to_stdout(capsys):
    terminal.say("a.jpg: happiness")
    assert capsys.readouterr() == ("a.jpg: happiness\n", "")


def test_what_turns_the_direction_of_writing_is_escaped(capsys):
    terminal.say_table("a\u200f.h5  87\nb\u2067.h5  \x9b2J")
    assert capsys.readouterr().out == "a\\u200f.h5  87\nb\\u2067.h5  \\x9b2J\n"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals to close")
def test_a_line_to_a_terminal_that_was_closed_is_no_error():
    ours, theirs = os.openpty()
    os.close(ours)
    with os.fdopen(theirs, "w") as stream:
        terminal.write("happiness", stream)
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), theirs
        )  # as the signal does: what is still to be written goes nowhere
