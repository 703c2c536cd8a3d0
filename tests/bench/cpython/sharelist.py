"""sharelist.py NAME PASSES COUNT: CPython's ShareableList of 1000 mixed items: one get, one set, and all of them as a list.
The loop's own time is measured in the same pass and subtracted."""

import sys
from multiprocessing.shared_memory import ShareableList

from interleave import clock, interleave

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def value(k):
    return (k, k + 0.25, f"text {k}", b"\xff %d" % k, k % 2 == 0, None, k, k + 0.25, f"text {k}")[k % 9]


values = [value(k) for k in range(1000)]
items = ShareableList(values, name=name)


def loop(statement):
    code = f"""
def run(t, v, times):
    start = clock()
    for _ in range(times):
        for i in range(1000):
            x = v[i]
            {statement}
    return clock() - start
"""
    names = {"clock": clock}
    exec(code, names)
    return lambda: names["run"](items, values, count // 1000) / count


def net(statement):
    run = loop(statement)
    return lambda: run() - empty()


def whole():
    start = clock()
    list(items)
    return clock() - start


empty = loop("pass")
try:
    interleave(passes, [("get", "CPython", net("x = t[i]")), ("set", "CPython", net("t[i] = x"))])
    interleave(passes, [("to list", "CPython", whole)])
finally:
    items.shm.close()
    items.shm.unlink()
