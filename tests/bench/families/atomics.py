"""An atomic add on a view of int64, for each call: nanoseconds."""

from row import Against, Row


def rows(build):
    yield Row("atomics C: add", "add", (Against("__atomic_fetch_add"),), (build.program("atomics", 1_000_000),), size=8000)
