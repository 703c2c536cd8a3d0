"""What the scripts of the families share: the yardstick, with its clock, interleave, and loops."""

import importlib.machinery
import importlib.util
import os

_loader = importlib.machinery.ExtensionFileLoader("yardstick", os.environ["POLYSHM_YARDSTICK"])
_module = importlib.util.module_from_spec(importlib.util.spec_from_file_location("yardstick", _loader.path, loader=_loader))
_loader.exec_module(_module)
Yardstick, clock = _module.Yardstick, _module.clock

# Which run of the script this is: 0, 1, ...
ROUND = int(os.environ["POLYSHM_BENCH_ROUND"])


def interleave(passes, runs):
    """Lets each run, which returns its nanoseconds, take its turn in each pass, and prints a line for each; the order is
    turned round in every other pass, the first pass warms up. runs: [(measure, variant, run), ...]"""
    for k in range(passes + 1):
        for measure, variant, run in runs if k % 2 == 0 else reversed(runs):
            time = run()
            if k > 0:
                print(f"{measure}\t{variant}\t{time}")


def timed(call):
    """A function that returns what one call takes."""

    def run():
        start = clock()
        kept = call()  # dropped after the clock is read
        time = clock() - start
        del kept
        return time

    return run


def loop_of(statement):
    """A function of t, v and times that runs the statement times * 1000 times, with i from 0 to 999 and an x, and returns the
    nanoseconds. Each has code of its own, so that no object profits from what the interpreter learnt with another."""
    names = {"clock": clock}
    exec(
        f"""
def run(t, v, times):
    x = 1.5
    start = clock()
    for _ in range(times):
        for i in range(1000):
            {statement}
    return clock() - start
""",
        names,
    )
    return names["run"]


def calls(passes, count, statement, objects, measure=None):
    """Interleaves `count` runs of a statement on each object, its t; a measure of that name. The loop's own time is measured in
    the same pass and subtracted. objects: {variant: object}, or {variant: (statement, object)}"""
    empty = loop_of("pass")

    def net(words, thing):
        run = loop_of(words)
        return lambda: (run(thing, None, count // 1000) - empty(None, None, count // 1000)) / count

    runs = [(variant, thing if isinstance(thing, tuple) else (statement, thing)) for variant, thing in objects.items()]
    interleave(passes, [(measure or statement, variant, net(*run)) for variant, run in runs])
