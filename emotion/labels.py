"""The emotions: their names, their order, their colours. Every other file asks here.

Source of the columns: fer2013new.csv of https://github.com/microsoft/FERPlus (Barsoum et al., arXiv:1608.01041).
"""

from collections.abc import Iterable, Sequence

# The ten vote columns of fer2013new.csv, in the file's order.
FERPLUS_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip

# What a network's outputs mean, first output first. Contempt has 0.6 % of the votes; unless it is asked for, its
# votes count as neutral, the emotion people confuse it with most.
EIGHT_EMOTIONS = FERPLUS_COLUMNS[:8]
SEVEN_EMOTIONS = FERPLUS_COLUMNS[:7]

# The `emotion` column of fer2013.csv counts in another order: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad,
# 5 surprise, 6 neutral. `FER2013_EMOTIONS[code]` is the emotion's name.
FER2013_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

# What others call them: Kaggle's class folders carry adjectives where FER+ has nouns, and slips are copied too.
SYNONYMS = {
    "angry": "anger", "happy": "happiness", "joy": "happiness", "sad": "sadness", "surprised": "surprise",
    "suprise": "surprise", "suprised": "surprise", "surpise": "surprise", "fearful": "fear", "scared": "fear",
    "afraid": "fear", "disgusted": "disgust", "calm": "neutral", "contemptuous": "contempt",
}  # fmt: skip

# BGR, as OpenCV draws. Told apart by lightness as well as hue, for people who are colour-blind.
COLOURS = {
    "neutral": (200, 200, 200),
    "happiness": (60, 200, 255),
    "surprise": (255, 160, 220),
    "sadness": (230, 120, 50),
    "anger": (70, 70, 235),
    "disgust": (80, 160, 70),
    "fear": (190, 80, 150),
    "contempt": (110, 140, 170),
}
# For classes that are none of these, in turn: between the others in hue, and apart from each other.
OTHER_COLOURS = (
    (180, 180, 60), (60, 140, 240), (200, 130, 230), (120, 220, 150), (140, 90, 60), (90, 200, 220), (160, 60, 140),
    (220, 220, 170),
)  # fmt: skip


def canonical(name: str) -> str:
    """Our name of an emotion in any spelling that goes round ("Suprise" -> "surprise"); of others, in lower case."""
    name = name.strip().lower()
    return SYNONYMS.get(name, name)


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels in the one order in which networks here answer: FER+'s for the emotions, other names after them."""
    return tuple(
        sorted(labels, key=lambda label: (EIGHT_EMOTIONS.index(label) if label in EIGHT_EMOTIONS else 8, label))
    )


def emotions(count: int) -> tuple[str, ...]:
    """The names of `count` outputs: 7 or 8."""
    return {7: SEVEN_EMOTIONS, 8: EIGHT_EMOTIONS}[count]


def colour(label: str, labels: Sequence[str] = ()) -> tuple[int, int, int]:
    """The BGR colour `label` is drawn in among `labels`: an emotion's own, whatever it is called, or one of the others."""
    if known := COLOURS.get(canonical(label)):
        return known
    others = [name for name in labels if canonical(name) not in COLOURS]
    return OTHER_COLOURS[others.index(label) % len(OTHER_COLOURS) if label in others else 0]


def rgb(label: str, labels: Sequence[str] = ()) -> tuple[float, float, float]:
    """The same colour as Matplotlib has it: RGB, 0-1."""
    blue, green, red = colour(label, labels)
    return red / 255, green / 255, blue / 255


def css_colour(label: str, labels: Sequence[str] = ()) -> str:
    """The same colour as a page has it: #rrggbb."""
    blue, green, red = colour(label, labels)
    return f"#{red:02x}{green:02x}{blue:02x}"
