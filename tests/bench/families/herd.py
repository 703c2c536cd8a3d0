"""200 processes share 3 permits of a semaphore and hold each for a millisecond, asleep: microseconds of wall time for each turn,
and of all processors. A release that wakes whoever sleeps would be seen in both."""

from row import Against, Row


def rows(build):
    commands = (build.program("herd", 200, 3, 1000, 1000),)
    for measure, reach in (("turn", 1.11), ("processor", 1.5)):
        yield Row(f"herd C: {measure}", measure, (Against("sem_t", reach),), commands, size=0, per=1e3, unit="us")
