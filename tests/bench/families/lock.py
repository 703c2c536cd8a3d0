"""lock + unlock, and acquire + release of a semaphore, that nobody contends for, for each pair of calls: nanoseconds. And the
lock that two processes contend for, on all processors: nanoseconds of wall time for each time that it was had.

C measures the shared library, as it is installed, and the static one. What is hand-written for a language locks a robust mutex.
"""

from row import Against, Row

OTHERS = (Against("process-shared mutex"), Against("sem_t"), Against("flock"))


def rows(build):
    for program, who in (("lock", "C"), ("lock-static", "C static")):
        free = (build.program(program, "free", 1_000_000),)
        yield row(f"lock {who}: lock+unlock", "lock+unlock", (Against("robust mutex", 0.7), *OTHERS), free)
        yield row(f"lock {who}: acquire+release", "acquire+release", (Against("sem_t"),), free)
    yield row("lock C: contended", "contended", (Against("robust mutex"), *OTHERS), (build.program("lock", "contended", 50),))
    for script in build.scripts("lock", 200_000):
        for statement in script.measures():
            against = script.against(statement, Against("hand-written"))
            yield row(f"lock {script.name}: {statement}", statement, against, (script.command,))


def row(name, measure, against, commands):
    return Row(name, measure, against, commands, size=4096)
