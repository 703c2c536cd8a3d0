"""What the scripts of the families share: the clock, and interleave."""

from time import thread_time_ns as clock  # as the yardsticks' clock


def interleave(passes, runs):
    """Lets each run, which returns its nanoseconds, take its turn in each pass, and prints a line for each; the order is
    turned round in every other pass, the first pass warms up. runs: [(measure, variant, run), ...]"""
    for k in range(passes + 1):
        for measure, variant, run in runs if k % 2 == 0 else reversed(runs):
            time = run()
            if k > 0:
                print(f"{measure}\t{variant}\t{time}")
