"""An atomic add on a view of int64, for each call: nanoseconds."""

from row import Against, Row

STATEMENTS = {"lua": "x = t:add(i, 1)", "ruby": "x = t.add(i, 1)", "tcl": "set x [$t add $i 1]"}


def rows(build):
    yield row("C", "add", "__atomic_fetch_add", build.program("atomics", 1_000_000))
    for interpreter in build.interpreters:
        yield row(interpreter.name, STATEMENTS[interpreter.language], "hand-written", build.script(interpreter, "atomics", 200_000))


def row(who, measure, yardstick, command):
    return Row(f"atomics {who}: {measure}", measure, (Against(yardstick),), (command,), size=8000)
