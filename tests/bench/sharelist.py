# sharelist.py NAME PASSES COUNT: a ShareableList of 1000 mixed items: one get, one set, and all of them as a list.
# The loop's own time is measured in the same pass and subtracted.
import sys

import polyshm
from interleave import interleave, loop_of, timed

name, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def value(k):
    k += 1000  # beyond the small ints that Python has made already
    return (k, k + 0.25, f"text {k}", b"\xff %d" % k, k % 2 == 0, None, k, k + 0.25, f"text {k}")[k % 9]


values = [value(k) for k in range(1000)]
items = polyshm.ShareableList.create(name, values)
empty = loop_of("x = v[i]")


def net(statement):
    run = loop_of(f"x = v[i]; {statement}")
    return lambda: (run(items, values, count // 1000) - empty(items, values, count // 1000)) / count


interleave(passes, [("get", "ours", net("x = t[i]")), ("set", "ours", net("t[i] = x"))])
interleave(passes, [("get item 999", "get item 0", net("x = t[0]")), ("get item 999", "ours", net("x = t[999]"))])
interleave(passes, [("to list", "ours", timed(items.tolist))])
items.unlink()
