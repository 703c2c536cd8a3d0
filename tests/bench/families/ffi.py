"""An element's access through shm.address, where a language reaches memory by itself: nanoseconds for each element, the loop's own
counted in."""

from row import Against, Row


def rows(build):
    for script in build.scripts("ffi", 10_000_000, in_all=False):
        for statement in script.measures():
            against = script.against(statement, Against("plain FFI array", 1.05))
            yield Row(f"ffi {script.name}: {statement}", statement, against, (script.command,), size=8000)
