"""1,000,000 doubles of a view as the language's list, and back: milliseconds."""

from row import Against, Row

COUNT = 1_000_000


def rows(build):
    for script in build.scripts("list"):
        for measure, reach in (("to list", 1.1), ("from list", None)):
            against = script.against(measure, Against("hand-written", reach))
            name = f"list {script.name}: {measure}"
            yield Row(name, measure, against, (script.command,), size=8 * COUNT, per=1e6, unit="ms")
