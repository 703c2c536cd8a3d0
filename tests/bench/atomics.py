# atomics.py NAME PASSES COUNT: an atomic add on 1000 integers of the segment NAME, ours and the yardstick's.
# row: x = t.add(i, 1)
import sys

import polyshm
from interleave import Yardstick, calls

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
view = polyshm.SharedMemory.attach(name).view("int64")
view.fill(0)
calls(passes, count, "x = t.add(i, 1)", {"ours": view, "hand-written": Yardstick(name)})
