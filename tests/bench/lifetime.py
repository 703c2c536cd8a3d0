# lifetime.py NAME PASSES COUNT: create + close + unlink of one page; and attach + close, ours and CPython's, whose tracker's own
# time is not counted.
# row: attach+close | CPython here <= 0.7
import sys
from multiprocessing import resource_tracker, shared_memory

import polyshm
from interleave import interleave, timed

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def lives():
    for _ in range(count):
        shm = polyshm.SharedMemory.create(name, size=4096)
        shm.close()
        shm.unlink()


def attaches(attach):
    def run():
        for _ in range(count):
            attach(name).close()

    return run


def each(run):
    return lambda: timed(run)() / count


interleave(passes, [("create+close+unlink", "ours", each(lives))])
resource_tracker.ensure_running()
shm = polyshm.SharedMemory.create(name, size=4096)
ours, theirs = each(attaches(polyshm.SharedMemory.attach)), each(attaches(shared_memory.SharedMemory))
interleave(passes, [("attach+close", "ours", ours), ("attach+close", "CPython here", theirs)])
resource_tracker.unregister(f"/{name}", "shared_memory")
shm.unlink()
