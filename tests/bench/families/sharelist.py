"""ShareableList: one get and one set of 1,000 mixed items, without the loop's own time; all of them as the language's list; and
item 999 against item 0, which must not take longer: nanoseconds, and microseconds for the whole. CPython's own is the yardstick."""

from row import Against, Row

REACH = 0.1
MEASURES = {"get": (1, "ns"), "set": (1, "ns"), "to list": (1e3, "us")}


def rows(build):
    cpython = build.cpython("sharelist", 20_000)
    ours = build.program("sharelist", 200_000)
    for measure in MEASURES:
        yield row("C", measure, (Against("CPython"),), (ours, cpython))
    yield last("C", (ours, cpython))
    for script in build.scripts("sharelist", 100_000):
        commands = (script.command, cpython)
        for measure in MEASURES:
            yield row(script.name, measure, script.against(measure, Against("CPython", REACH)), commands)
        for measure in script.rows:
            if measure not in MEASURES:
                yield row(script.name, measure, script.against(measure), commands)
        yield last(script.name, commands)


def row(who, measure, against, commands):
    per, unit = MEASURES.get(measure, (1, "ns"))
    return Row(f"sharelist {who}: {measure}", measure, against, commands, size=0, per=per, unit=unit)


def last(who, commands):
    return row(who, "get item 999", (Against("get item 0", 1.1),), commands)
