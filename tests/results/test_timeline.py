import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.geometry import Box
from emotion.labels import SEVEN_EMOTIONS
from emotion.results.timeline import BINS, FACES, LANES, Timeline, bridge, clock

NEUTRAL, HAPPY = np.eye(7, dtype=np.float32)[:2]


def face(id_, felt):
    return Recognition(Box(0, 0, 50, 50), SEVEN_EMOTIONS, felt, id_)


def test_shares_are_of_the_time_a_face_was_seen():
    timeline = Timeline(SEVEN_EMOTIONS)
    for i in range(40):
        timeline.add(i / 10, [face(1, HAPPY if i < 30 else NEUTRAL)] + [face(2, NEUTRAL)] * (i >= 20))
    assert timeline.shares(1)[:2] == pytest.approx([0.25, 0.75])
    assert timeline.shares(2)[0] == 1
    assert timeline.summary(10) == [
        "  face 1: seen 4.0 s, happiness 75%, neutral 25%",
        "  face 2: seen 2.0 s, neutral 100%",
    ]


def test_how_much_was_seen():
    timeline = Timeline(SEVEN_EMOTIONS)
    assert timeline.film_length() == "no frames, 0.0 s, no faces"
    for time_s in (0, 1):
        timeline.add(time_s, [face(1, HAPPY)])
    assert timeline.film_length() == "2 frames, 1.0 s, 1 face"
    assert timeline.camera_length(1.6) == "2 frames, 1.0 s, 2 frames a second"


@pytest.mark.parametrize(("every_s", "seen"), [(0.5, "5.0 s"), (1, "10.0 s"), (10, "1:40"), (60, "10:00")])
def test_a_pace_that_was_asked_for_is_no_gap(every_s, seen):
    timeline = Timeline(SEVEN_EMOTIONS, every_s)
    for i in range(10):
        timeline.add(i * every_s, [face(1, HAPPY)])
    assert timeline.summary(timeline.fps(25)) == [f"  face 1: seen {seen}, happiness 100%"]


def test_at_a_pace_that_was_asked_for_a_lane_has_no_holes_but_where_the_face_was_missing():
    timeline = Timeline(SEVEN_EMOTIONS, 1.0)
    for i in range(5):
        timeline.add(i, [face(1, HAPPY)] * (i != 2))
    happy = timeline.probabilities(1)[:, 1]
    assert happy.tolist() == [1] * 31 + [0] * 59 + [1] * 31


def test_a_gap_at_a_pace_that_was_asked_for_is_a_gap():
    timeline = Timeline(SEVEN_EMOTIONS, 1.0)
    for time_s in (0, 1, 2, 60, 61):
        timeline.add(time_s, [])
    assert timeline.covered_s == 5


@pytest.mark.parametrize(
    ("times", "covered_s"),
    [
        ([0, 0.1, 0.2, 60.2, 60.3], 0.8),
        ([0, 60, 120], 1.5),
        ([0, 1, 2, 3, 4, 5], 4.5),
        ([7, 7.1], 0.1),
        ([7], 0),
    ],
    ids=["a gap", "two gaps", "a frame a second", "begun late", "one frame"],
)
def test_gaps_are_not_covered(times, covered_s):
    timeline = Timeline(SEVEN_EMOTIONS)
    for time_s in times:
        timeline.add(time_s, [])
    assert timeline.covered_s == pytest.approx(covered_s)
    assert timeline.fps(25) == pytest.approx((len(times) - 1) / covered_s if covered_s else 25)


def test_hours_take_no_more_room_than_seconds_and_lose_nothing():
    timeline = Timeline(SEVEN_EMOTIONS)
    for second in range(3 * 3600):
        timeline.add(second, [face(1, HAPPY if second >= 5400 else NEUTRAL)])
    assert timeline.sums[1].shape == (BINS, 7)
    assert timeline.sums[1].sum() == 3 * 3600
    assert timeline.shares(1)[:2] == pytest.approx([0.5, 0.5])
    half = int(5400 / timeline.bin_s)
    assert timeline.sums[1][: half - 1, 1].sum() == 0, "each feeling stays at its time"


def test_a_clock_that_jumps_or_goes_back_breaks_nothing():
    timeline = Timeline(SEVEN_EMOTIONS)
    for time_s in (-0.2, 10_000, 5000):
        timeline.add(time_s, [face(1, HAPPY)])
    assert timeline.end_s == 10_000
    assert np.flatnonzero(timeline.sums[1][:, 1]).tolist() == [
        int(time_s / timeline.bin_s) for time_s in (0, 5000, 10_000)
    ]


def test_of_a_crowd_those_seen_least_give_way():
    timeline = Timeline(SEVEN_EMOTIONS)
    for _ in range(3):
        timeline.add(0, [face(1, HAPPY)])
    for id_ in range(2, 2 * FACES):
        timeline.add(1, [face(id_, NEUTRAL)])
    assert len(timeline.sums) == FACES
    assert timeline.longest()[0] == 1
    assert timeline.faces == 2 * FACES - 1
    assert timeline.summary(1)[-1] == f"  and {2 * FACES - 1 - LANES} more, seen for shorter"


def test_after_a_crowd_two_who_stay_do_not_push_each_other_out():
    timeline = Timeline(SEVEN_EMOTIONS)
    for i in range(750):
        timeline.add(i / 25, [face(1 + i // 3, NEUTRAL)])
    for i in range(750, 1500):
        timeline.add(i / 25, [face(251, HAPPY), face(252, NEUTRAL)])
    assert timeline.longest()[:2] == [251, 252]
    assert (timeline.seen[251], timeline.seen[252]) == (750, 750)
    assert timeline.faces == 252


def test_who_was_in_the_frame_before_does_not_give_way_however_slow_the_camera_is():
    timeline = Timeline(SEVEN_EMOTIONS)
    for i in range(3 * FACES):
        timeline.add(3 * i, [face(1 + i // 3, NEUTRAL)])
    newcomer, next_one = FACES + 1, FACES + 2
    timeline.add(9 * FACES, [face(newcomer, HAPPY)])
    timeline.add(9 * FACES + 3, [face(next_one, NEUTRAL), face(newcomer, HAPPY)])
    assert (timeline.seen[newcomer], timeline.seen[next_one]) == (2, 1)


def test_who_came_early_and_is_still_there_has_not_left():
    timeline = Timeline(SEVEN_EMOTIONS)
    for time_s in (0, 10):
        timeline.add(time_s, [face(1, HAPPY)])
    for _ in range(3):
        timeline.add(5, [face(id_, NEUTRAL) for id_ in range(2, FACES + 1)])
    timeline.add(10, [face(FACES + 1, NEUTRAL)])
    assert 1 in timeline.seen


def test_a_crowd_that_stays_takes_no_more_room():
    timeline = Timeline(SEVEN_EMOTIONS)
    for i in range(3):
        timeline.add(i / 25, [face(id_, NEUTRAL) for id_ in range(1, FACES + 50)])
    assert len(timeline.sums) == len(timeline.seen) == len(timeline.last_s) == FACES
    assert timeline.faces == FACES + 49


def test_the_plot_has_the_colours_of_what_was_felt_where_it_was_felt(tmp_path):
    timeline = Timeline(SEVEN_EMOTIONS)
    for i in range(100):
        timeline.add(i / 25, [face(1, HAPPY)] if i < 50 else [])
    timeline.plot(tmp_path / "a.png", "a.mp4")
    picture = cv2.imread(str(tmp_path / "a.png"))
    happy = np.abs(picture.astype(int) - (60, 200, 255)).max(axis=2) < 12
    height, width = happy.shape
    columns = np.flatnonzero(happy[: height * 2 // 3].any(axis=0)) / width
    lane = columns[columns < 0.8]
    assert lane.min() < 0.15
    assert 0.35 < lane.max() < 0.55, "the second half, without a face, is empty"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_emotions_are_stacked_up_to_one():
    timeline = Timeline(SEVEN_EMOTIONS)
    for felt in (NEUTRAL, NEUTRAL, HAPPY, HAPPY):
        timeline.add(0, [face(1, felt)])
    lane, bar = Figure().subplots(2)
    timeline.draw_lane(lane, 1)
    timeline.draw_shares(bar, 1)
    assert [patch.get_data().values[0] for patch in lane.patches] == [0.5, 1, 1, 1, 1, 1, 1]
    assert [patch.get_x() for patch in bar.patches] == [0, 0.5, 1, 1, 1, 1, 1]


def test_from_a_minute_on_the_time_is_read_from_a_clock():
    timeline = Timeline(SEVEN_EMOTIONS)
    for second in range(301):
        timeline.add(second, [face(1, HAPPY)])
    axes = Figure().subplots()
    timeline.draw_lane(axes, 1)
    axes.set_xticks([0, 60, 245])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.0 s", "1:00", "4:05"]


@pytest.mark.parametrize(
    ("values", "bridged"),
    [([1, 0, 0, 2], [1, 1, 1, 2]), ([0, 0, 1, 2], [0, 0, 1, 2]), ([1, 2, 0, 0], [1, 2, 0, 0])],
    ids=["between", "before it came", "after it went"],
)
def test_a_short_gap_is_filled_with_what_came_before(values, bridged):
    values = np.array(values, float)
    assert bridge(values[:, None], values > 0, 2)[:, 0].tolist() == bridged


def test_a_long_gap_stays():
    values = np.array([1.0, 0, 0, 0, 0, 2])
    assert bridge(values[:, None], values > 0, 2)[:, 0].tolist() == values.tolist()


def test_dollar_signs_in_a_title_are_no_formula(tmp_path):
    timeline = Timeline(SEVEN_EMOTIONS)
    timeline.add(0, [face(1, HAPPY)])
    timeline.plot(tmp_path / "a.png", "cost $5_and_$6.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_no_face_at_all_is_a_plot_too_and_a_format_unknown_is_an_error(tmp_path):
    timeline = Timeline(SEVEN_EMOTIONS)
    timeline.add(0, [])
    timeline.plot(tmp_path / "a.png", "a.mp4")
    assert (tmp_path / "a.png").stat().st_size > 1000
    with pytest.raises(InputError, match="a figure is written as"):
        timeline.plot(tmp_path / "a.xyz", "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_faces_without_ids_have_no_timeline():
    with pytest.raises(ValueError, match=r"ids, as Recognizer\.for_video gives them"):
        Timeline(SEVEN_EMOTIONS).add(0, [face(None, HAPPY)])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (12.34, "12.3 s"), (59.97, "1:00"), (245, "4:05"), (3723, "1:02:03")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text
