"""LuaJIT's element access through shm.address: nanoseconds for each element, the loop's own counted in."""

from row import Against, Row


def rows(build):
    for interpreter in build.interpreters:
        if interpreter.name == "luajit":
            for statement in ("x = x + t[i]", "t[i] = i"):
                yield Row(
                    f"ffi luajit: {statement}",
                    statement,
                    (Against("plain FFI array", 1.05),),
                    (build.script(interpreter, "ffi", 10_000_000),),
                    size=8000,
                )
