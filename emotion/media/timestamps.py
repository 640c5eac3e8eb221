"""A file's packets on one clock, also where its own starts over: within videos that were joined end to end."""

from collections.abc import Iterator
from fractions import Fraction

import av

BACK_S = 0.25  # seconds: a clock that goes back by more has started over; by less, packets are out of order


def packets_in_time(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """The packets of the picture and of every sound, in the file's order.

    Where the clock starts over, what follows is moved behind all that was, picture and sound by the same: they stay
    in step. FFmpegError where the file cannot be read on.
    """
    move_s = end_s = 0.0  # how far the part of the file that began last is moved; the end of what was
    clocks: dict[int, tuple[float, float]] = {}  # by stream: how far it is moved, and its last time before that
    for packet in container.demux(container.streams.best("video"), *container.streams.audio):
        if packet.dts is not None:  # the empty packet at the end has none
            index, time_s = packet.stream.index, float(packet.dts * packet.time_base)
            moved_s, last_s = clocks.get(index, (move_s, time_s))
            if time_s < last_s - BACK_S:
                if moved_s == move_s:  # the first to start over; the other streams follow
                    move_s = end_s - time_s
                moved_s = move_s
            clocks[index] = moved_s, time_s
            end_s = max(end_s, time_s + moved_s + length_s(packet))
            move(packet, moved_s)
        yield packet


def time_base(timed: av.Packet | av.VideoFrame | av.VideoStream | av.AudioStream) -> Fraction:
    """Seconds a tick. FFmpeg gives one to whatever has a time."""
    return timed.time_base or Fraction(1)


def move(packet: av.Packet, by_s: float) -> None:
    """Have `packet` come `by_s` seconds later."""
    ticks = round(by_s / packet.time_base)
    packet.dts = (packet.dts or 0) + ticks
    if packet.pts is not None:
        packet.pts += ticks


def length_s(packet: av.Packet) -> float:
    """How long a packet lasts in seconds; a transport stream does not say it of its pictures."""
    if not packet.duration and packet.stream.type == "video":
        return float(1 / frame_rate(packet.stream))
    return float((packet.duration or 0) * packet.time_base)


def frame_rate(stream: av.VideoStream) -> Fraction:
    """Frames a second, on average."""
    return stream.average_rate or stream.guessed_rate or Fraction(25)
