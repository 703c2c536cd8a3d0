"""create + close + unlink of one page, and what else a script measures: microseconds.

CPython does it in two processes, and both count: its own, and the resource tracker that it writes each name to.
"""

from row import Against, Row

MEASURE = "create+close+unlink"


def rows(build):
    cpython = build.cpython("lifetime", 500)
    reaches = (Against("bare system calls", 1.2), Against("bare, /proc passed by"), Against("CPython", 0.7),
               Against("CPython less its tracker"))
    yield row("C", reaches, (build.program("lifetime", 2000), cpython))
    for script in build.scripts("lifetime", 1000):
        yield row(script.name, script.against(MEASURE, Against("CPython")), (script.command, cpython))
        for measure in script.rows:
            if measure != MEASURE:
                yield row(script.name, script.against(measure), (script.command, cpython), measure)


def row(who, against, commands, measure=MEASURE):
    return Row(f"lifetime {who}: {measure}", measure, against, commands, size=0, per=1e3, unit="us")
