# element.py NAME PASSES COUNT: one get and one set of a view's element, ours, the yardstick's and memoryview's.
# The segment NAME holds at least 1000 doubles.
# row: x = t[i] | hand-written <= 1.1 | memoryview here <= 1.5
# row: t[i] = x | hand-written <= 1.1 | memoryview here <= 1.5
# row: x = t.get(i) | hand-written: x = t[i]
import sys

import polyshm
from interleave import Yardstick, calls

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shm = polyshm.SharedMemory.attach(name)
view = shm.view("float64")
objects = {"ours": view, "hand-written": Yardstick(name), "memoryview here": shm.buf.cast("d")}
for statement in ("x = t[i]", "t[i] = x"):
    calls(passes, count, statement, objects)
calls(passes, count, "x = t.get(i)", {"ours": view})
