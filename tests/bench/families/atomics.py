"""An atomic add on a view of int64, for each call: nanoseconds."""

from row import Against, Row


def rows(build):
    yield row("C", "add", "__atomic_fetch_add", build.program("atomics", 1_000_000))
    for script in build.scripts("atomics", 200_000):
        for statement in script.measures():
            yield row(script.name, statement, "hand-written", script.command)


def row(who, measure, yardstick, command):
    return Row(f"atomics {who}: {measure}", measure, (Against(yardstick),), (command,), size=8000)
