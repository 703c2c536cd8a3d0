"""From one process's call to another's return, where the other one sleeps: microseconds of wall time, half of a round trip.

Each has to go through the kernel: the bare futex calls are the least that ours can cost.
"""

from row import Against, Row

SYSTEM = tuple(Against(variant, measure="system") for variant in ("pipe", "eventfd", "bare futex"))


def rows(build):
    commands = (build.program("wakeup", 2000),)
    for measure in ("event", "view"):
        yield Row(f"wakeup C: {measure}", measure, SYSTEM, commands, size=0, per=1e3, unit="us")
