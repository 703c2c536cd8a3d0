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
    for interpreter in build.interpreters:
        commands = (build.script(interpreter, "bytes"),)
        read = [Against("malloc + memcpy", REACH)]
        if interpreter.language == "ruby":
            read.append(Against("IO::Buffer#get_string", REACH))
        yield row(f"bytes {interpreter.name}: read", "read", tuple(read), commands)
        yield row(f"bytes {interpreter.name}: write", "write", (Against("memcpy", REACH),), commands)


def row(name, measure, against, commands):
    return Row(name, measure, against, commands, size=SIZE, per=1e6, unit="ms")
