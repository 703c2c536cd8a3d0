"""element.py NAME PASSES COUNT: one get and one set of CPython's memoryview on the same segment.
The loop's own time is measured in the same pass and subtracted. The segment NAME holds at least 1000 doubles."""

import sys
from multiprocessing import resource_tracker, shared_memory

from interleave import clock, interleave

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shm = shared_memory.SharedMemory(name)
resource_tracker.unregister("/" + name, "shared_memory")  # or it would unlink what is not its own
view = shm.buf.cast("d")


def loop(statement):
    code = f"""
def run(t, times):
    x = 1.5
    start = clock()
    for _ in range(times):
        for i in range(1000):
            {statement}
    return clock() - start
"""
    names = {"clock": clock}
    exec(code, names)
    return lambda: names["run"](view, count // 1000)


def net(statement):
    run = loop(statement)
    return lambda: (run() - empty()) / count


empty = loop("pass")
interleave(passes, [(statement, "memoryview", net(statement)) for statement in ("x = t[i]", "t[i] = x")])
view.release()
shm.close()
