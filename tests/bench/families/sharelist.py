"""ShareableList: one get and one set of 1,000 mixed items, without the loop's own time; all of them as the language's list; and
item 999 against item 0, which must not take longer: nanoseconds, and microseconds for the whole. CPython's own is the yardstick."""

from row import Against, Row

REACH = {"lua": 0.1, "ruby": 0.1, "tcl": 0.2, "c": None}


def rows(build):
    cpython = build.cpython("sharelist", 20_000)
    sides = [("C", "c", build.program("sharelist", 200_000))]
    sides += [(each.name, each.language, build.script(each, "sharelist", 100_000)) for each in build.interpreters]
    for name, language, ours in sides:
        for measure, per, unit in (("get", 1, "ns"), ("set", 1, "ns"), ("to list", 1e3, "us")):
            against = (Against("CPython", REACH[language]),)
            yield Row(f"sharelist {name}: {measure}", measure, against, (ours, cpython), size=0, per=per, unit=unit)
        if language == "tcl":  # by a kind of its own, which CPython's value has in itself: for information
            measure = "set with its kind"
            yield Row(f"sharelist {name}: {measure}", measure, (Against("CPython", None, "set"),), (ours, cpython), size=0)
        yield Row(f"sharelist {name}: get item 999", "get item 999", (Against("get item 0", 1.1),), (ours, cpython), size=0)
