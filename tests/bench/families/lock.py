"""lock + unlock, and acquire + release of a semaphore, that nobody contends for, for each pair of calls: nanoseconds. And the
lock that two processes contend for, on all processors: nanoseconds of wall time for each time that it was had.

C measures the shared library, as it is installed, and the static one.
"""

from row import Against, Row

OTHERS = (Against("process-shared mutex"), Against("sem_t"), Against("flock"))


def rows(build):
    for program, who in (("lock", "C"), ("lock-static", "C static")):
        free = (build.program(program, "free", 1_000_000),)
        yield row(f"lock {who}: lock+unlock", "lock+unlock", (Against("robust mutex", 0.7), *OTHERS), free)
        yield row(f"lock {who}: acquire+release", "acquire+release", (Against("sem_t"),), free)
    yield row("lock C: contended", "contended", (Against("robust mutex"), *OTHERS), (build.program("lock", "contended", 50),))


def row(name, measure, against, commands):
    return Row(name, measure, against, commands, size=4096)
