import pytest

from emotion.card import command_line


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["fer.py", "--epochs", "3"], "python fer.py --epochs 3"),
        (["/home/me/fer.py", "--data", "/home/me/patients"], "python fer.py --data patients"),
        (["fer.py", "--data=/home/me/patients"], "python fer.py --data=patients"),
        (["fer.py", "--output", "models/a b.h5"], "python fer.py --output 'models/a b.h5'"),
    ],
    ids=["nothing to hide", "a folder", "a folder behind =", "a name with a space"],
)
def test_a_card_tells_the_call_but_not_where_things_lie(arguments, shown):
    assert command_line(arguments) == shown
