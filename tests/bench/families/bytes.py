"""64 MiB out of a segment and into it, in one call: milliseconds.

Scripts read into a fresh string, whose pages the kernel must first give: their yardstick pays the same, malloc + memcpy.
"""

from row import Against, Row

REACH = 1 / 0.95  # 0.95 of memcpy's bandwidth
SIZE = 64 << 20


def rows(build):
    for measure in ("read", "write"):
        commands = (build.program("bytes"),)
        yield row(f"bytes C: {measure}", measure, (Against("memcpy", REACH),), commands)
    for script in build.scripts("bytes"):
        for measure, yardstick in (("read", "malloc + memcpy"), ("write", "memcpy")):
            against = script.against(measure, Against(yardstick, REACH))
            yield row(f"bytes {script.name}: {measure}", measure, against, (script.command,))


def row(name, measure, against, commands):
    return Row(name, measure, against, commands, size=SIZE, per=1e6, unit="ms")
