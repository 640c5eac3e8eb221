"""What the classes of somebody's data set are: their names as ours, their numbers only where it is known what they mean."""

import re
from collections.abc import Collection, Iterable

from emotion.errors import InputError
from emotion.labels import FER2013_EMOTIONS, canonical, in_order

RAFDB_ORDER = "surprise,fear,disgust,happiness,sadness,anger,neutral"
LONGEST_NAME = 60  # characters: what fits beside a bar


def name_classes(
    found: Collection[str], classes: tuple[str, ...] | None, where: str
) -> tuple[dict[str, str], list[str]]:
    """(the label of each class `found`, what a person should know of it); `where` is what errors call the data.

    `found` are the names of folders, or numbers in a csv. `classes` (the flag --classes) name numbered ones in the order
    of their numbers. InputError where it is not certain what a number means, and where there is but one class.
    """
    check_names(found, where)  # before an error shows them
    numbered = {name for name in found if name.isdecimal()}
    if classes:
        names, note = name_numbers(found, numbered, classes, where)
    elif not numbered:
        names, note = {name: canonical(without_number(name)) for name in found}, None
    elif numbered == set(found) and {int(name) for name in found} <= set(range(7)) and "0" in found:
        names = {name: FER2013_EMOTIONS[int(name)] for name in found}
        note = f"{where}: its numbers are read as FER2013's codes: {spoken(names)}; --classes names them otherwise"
    else:
        shown = ", ".join(sorted(found, key=natural)[:12])
        raise InputError(
            f"{where}: its classes are called {shown}, and FER2013's codes are 0 to 6: say what the numbers mean, "
            f"the lowest first (--classes {RAFDB_ORDER} is RAF-DB's order), or rename them to the emotions"
        )
    if len(set(names.values())) < 2:
        raise InputError(f"{where}: holds one class ({', '.join(names)}); a network needs two to tell apart")
    check_names(names.values(), where)
    return names, [note] if note else []


def check_names(names: Iterable[str], where: str) -> None:
    """Refuse what would be no line, no file or no label."""
    for name in names:
        if not name.isprintable() or len(name) > LONGEST_NAME or re.search(r"[/\\]|^\.|^$", name):
            raise InputError(f"{where}: {name[:LONGEST_NAME]!r} is no name for a class; rename it")


def name_numbers(found: Collection[str], numbered: set[str], classes: tuple[str, ...], where: str):
    """As `name_classes`, of numbers and the names that --classes gives them."""
    if numbered != set(found):
        named = ", ".join(sorted(set(found) - numbered)[:12])
        raise InputError(f"--classes: {where} names its classes itself ({named}); leave it out")
    ordered = sorted(found, key=int)
    if len(classes) == len(ordered):
        names = dict(zip(ordered, map(canonical, classes), strict=True))
    elif int(ordered[-1]) < len(classes):  # counted from 0, and not every class occurs
        names = {name: canonical(classes[int(name)]) for name in ordered}
    else:
        raise InputError(f"--classes: {len(classes)} names for the {len(ordered)} classes {', '.join(ordered[:12])}")
    return names, f"{where}: {spoken(names)}"


def label_codes(names: dict[str, str]) -> tuple[tuple[str, ...], dict[str, int]]:
    """(the labels of a data set, the index of each class found): FER2013's own order where it is the seven emotions."""
    labels = in_order(set(names.values()))
    if set(labels) == set(FER2013_EMOTIONS):
        labels = FER2013_EMOTIONS
    return labels, {name: labels.index(label) for name, label in names.items()}


def without_number(name: str) -> str:
    """`0_angry`, `3 - happy` -> `angry`, `happy`."""
    return re.sub(r"^\d+[\s_.-]+(?=\D)", "", name)


def spoken(names: dict[str, str]) -> str:
    """`0 anger, 1 disgust`, for a person."""
    return ", ".join(f"{name} {label}" for name, label in sorted(names.items(), key=lambda pair: natural(pair[0])))


def natural(name: str) -> tuple[int, str]:
    """A key that sorts numbers by their size, and names before them."""
    return (int(name) if name.isdecimal() else -1, name)
