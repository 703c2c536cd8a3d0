# list.py NAME PASSES: a whole segment of doubles as a list, and a list into it; the yardstick is a hand-written C loop.
import sys

import polyshm
from interleave import Yardstick, interleave, timed

name, passes = sys.argv[1], int(sys.argv[2])
view = polyshm.SharedMemory.attach(name).view("float64")
hand = Yardstick(name)
numbers = hand.values()
interleave(passes, [("to list", "ours", timed(view.tolist)), ("to list", "hand-written", timed(hand.values))])
into = [("ours", timed(lambda: view.assign(numbers))), ("hand-written", timed(lambda: hand.assign(numbers)))]
interleave(passes, [("from list", variant, run) for variant, run in into])
