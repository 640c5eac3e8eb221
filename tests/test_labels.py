"""What emotions are called elsewhere, and the colours of classes that are none."""

import pytest

from emotion.labels import COLOURS, EIGHT_EMOTIONS, canonical, colour, css_colour, in_order, rgb


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        ("angry Anger ANGER", "anger"),
        ("disgust Disgusted", "disgust"),
        ("fear fearful scared", "fear"),
        ("happy happiness joy", "happiness"),
        ("sad sadness", "sadness"),
        ("surprise surprised Suprise", "surprise"),
        ("neutral calm", "neutral"),
        ("contempt Contempt", "contempt"),
    ],
)
def test_every_spelling_that_goes_round(names, ours):
    assert {canonical(name) for name in names.split()} == {ours}


def test_the_order_is_ferplus_and_then_the_alphabets():
    assert in_order(["zeal", "fear", "bored", "neutral", "contempt"]) == (
        "neutral",
        "fear",
        "contempt",
        "bored",
        "zeal",
    )


def test_an_emotion_has_its_colour_whatever_it_is_called():
    assert colour("Suprise", ("bored", "Suprise")) == COLOURS["surprise"]


def test_a_colour_is_the_same_in_opencv_matplotlib_and_a_page():
    assert colour("anger") == (70, 70, 235)
    assert rgb("anger") == (235 / 255, 70 / 255, 70 / 255)
    assert css_colour("anger") == "#eb4646"


def test_classes_of_other_people_have_colours_of_their_own():
    labels = ("happy", "engaged", "bored", "confused", "tired", "alert", "lost", "calm")
    assert len({colour(label, labels) for label in labels}) == len(labels)
    assert not {colour(label, labels) for label in labels[1:-1]} & set(COLOURS.values())
    assert len(set(COLOURS.values())) == len(EIGHT_EMOTIONS)
