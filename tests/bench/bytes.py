# bytes.py NAME PASSES: a whole segment read into fresh bytes and written from them; the yardsticks are malloc and memcpy.
# row: read | bytes(memoryview)
import sys

import polyshm
from interleave import ROUND, Yardstick, interleave, timed

name, passes = sys.argv[1], int(sys.argv[2])
# Where a mapping lies makes 5 %: who maps first changes with the round.
shm = polyshm.SharedMemory.attach(name) if ROUND % 2 == 0 else None
hand = Yardstick(name)
shm = shm or polyshm.SharedMemory.attach(name)
data = shm.read()


def copy_out():
    time = timed(hand.copy_out)()
    hand.drop()
    return time


read = [("ours", timed(shm.read)), ("malloc + memcpy", copy_out), ("bytes(memoryview)", timed(lambda: bytes(shm.buf)))]
interleave(passes, [("read", variant, run) for variant, run in read])
write = [("ours", timed(lambda: shm.write(0, data))), ("memcpy", timed(lambda: hand.copy_in(data)))]
interleave(passes, [("write", variant, run) for variant, run in write])
