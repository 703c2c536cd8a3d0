"""lifetime.py NAME PASSES COUNT: create + close + unlink of one page by CPython's SharedMemory.

It works in two processes: this one, and its resource tracker, which each create and each unlink writes to.
"""

import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

from interleave import clock, interleave

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
MEASURE = "create+close+unlink"


def tracker_clock():
    with open(f"/proc/{resource_tracker._resource_tracker._pid}/schedstat") as file:
        return int(file.read().split()[0])


def lives():
    start, tracker_start = clock(), tracker_clock()
    for _ in range(count):
        shm = SharedMemory(name, create=True, size=4096)
        shm.close()
        shm.unlink()
    alone = clock() - start
    return alone / count, (alone + tracker_clock() - tracker_start) / count


def both():
    alone, together = lives()
    print_alone.append(alone)
    return together


print_alone = []
resource_tracker.ensure_running()
interleave(passes, [(MEASURE, "CPython", both)])
for time in print_alone[1:]:
    print(f"{MEASURE}\tCPython less its tracker\t{time}")
