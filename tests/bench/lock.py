# lock.py NAME PASSES COUNT: lock + unlock, ours, the yardstick's, which has its mutex in the segment NAME, and Python's own.
# row: t.acquire(); t.release() | hand-written | multiprocessing.Lock <= 1.0 | threading.Lock
# row: with t: pass | multiprocessing.Lock <= 1.0 | threading.Lock
import multiprocessing
import sys
import threading

import polyshm
from interleave import Yardstick, calls

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
lock = polyshm.Lock.create(f"{name}.lock")
lock.unlink()  # it goes on without its name
objects = {"ours": lock, "multiprocessing.Lock": multiprocessing.Lock(), "threading.Lock": threading.Lock()}
hand = ("t.lock(); t.unlock()", Yardstick(name))
calls(passes, count, "t.acquire(); t.release()", {**objects, "hand-written": hand})
calls(passes, count, "with t: pass", {**objects, "hand-written": hand})
