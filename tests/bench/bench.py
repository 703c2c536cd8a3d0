"""Measures polyshm against its yardsticks, in one run: script/bench builds what this needs and starts it.

Each row compares ours with a yardstick that does the same work. A command measures both, one after the other, several times
(passes); rounds run the commands again, in fresh processes, so that neither the moment nor the addresses of one process
decide. A ratio is ours / yardstick of one pass: below 1 ours is faster. Told are its median, and the smallest and largest.
Times are CPU time of the measuring thread, so that other work on the machine disturbs little; what remains of it hits both.
Where processes wait for each other (contended, wakeup, herd) they are the wall's, on all processors: there the machine must be idle.

The rows stand in families/, one file each: a new file there is a new family. Its scripts, <family>.<a language's extension>, and
its program <family>.c print `measure TAB variant TAB nanoseconds`, a line for each pass (interleave.* does that for them). A language
brings <language>_yardstick.c, interleave.*, version.* and the scripts; cpython/ has the stock CPython's, which are yardsticks.
"""

import argparse
import glob
import importlib.util
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import time

from row import PYTHON, Build

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PREFIX = f"polyshm-bench-{os.getpid()}"
SEGMENT = os.path.join("/dev/shm", PREFIX)


def arguments():
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures polyshm against its yardsticks.")
    parser.add_argument("--rows", metavar="REGEX", default="", help="only the rows whose names match")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: for a first look, not for a claim")
    parser.add_argument("--json", metavar="FILE", default=f"{ROOT}/build/bench.json", help="where every number goes (build/bench.json)")
    parser.add_argument("--build", metavar="FOLDER", default=f"{ROOT}/build/release", help=argparse.SUPPRESS)
    return parser.parse_args()


def all_rows(build):
    here = os.path.dirname(os.path.abspath(__file__))
    for path in sorted(glob.glob(os.path.join(here, "families", "*.py"))):
        spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
        family = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(family)
        yield from family.rows(build)


def make_segment(size):
    """Made by no code that is measured. Its pages are there, and it holds doubles."""
    with open(SEGMENT, "xb") as file:
        for _ in range(size // 8000):
            file.write(b"\0\0\0\0\0\0\xf8\x3f" * 1000)
        file.write(bytes(size % 8000))


def remove_segment():
    if os.path.exists(SEGMENT):
        os.unlink(SEGMENT)


def run(command, round, environment):
    """One run of a command: {(measure, variant): [nanoseconds of each pass]}."""
    environment = environment | dict(command.environment) | {"POLYSHM_BENCH_ROUND": str(round)}
    words = [word.replace("{name}", PREFIX) for word in command.words]
    done = subprocess.run(words, env=environment, capture_output=True, timeout=60, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: exit status {done.returncode}:\n{done.stderr[:1000]}")
    times = {}
    for line in done.stdout.splitlines():
        measure, variant, nanoseconds = line.split("\t")
        times.setdefault((measure, variant), []).append(float(nanoseconds))
    return times


def run_group(group, rounds, environment):
    """All rounds of rows that share their commands: the times of each pass, for (measure, variant)."""
    times = {}
    if group[0].size:
        make_segment(group[0].size)
    try:
        for round in range(rounds):
            for command in group[0].commands:
                for key, passes in run(command, round, environment).items():
                    times.setdefault(key, []).extend(passes)
    finally:
        remove_segment()
    return times


def times_of(times, measure, variant):
    if (measure, variant) not in times:
        raise ValueError(f"there is no measure `{measure}` of `{variant}` in what was printed: {sorted(times)}")
    return times[measure, variant]


def compare(row, against, times):
    ours, yardstick = (
        times_of(times, measure, variant)
        for measure, variant in ((row.measure, "ours"), (against.measure or row.measure, against.variant))
    )
    ratios = [a / b for a, b in zip(ours, yardstick, strict=True)]
    median = statistics.median(ratios)
    return {
        "row": row.name,
        "yardstick": against.variant,
        "unit": row.unit,
        "ours": statistics.median(ours) / row.per,
        "theirs": statistics.median(yardstick) / row.per,
        "ratio": median,
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "reach": against.reach,
        "reached": None if against.reach is None else round(median, 2) <= round(against.reach, 2),
        "ours_nanoseconds": ours,
        "theirs_nanoseconds": yardstick,
    }


FORMAT = "{:<36} {:>9} {:>2}  {:<24} {:>9} {:>6} {:>13}  {:>6} {}"


def show(result):
    reached = {True: "yes", False: "NO", None: ""}[result["reached"]]
    print(
        FORMAT.format(
            result["row"],
            f"{result['ours']:.4g}",
            result["unit"],
            result["yardstick"],
            f"{result['theirs']:.4g}",
            f"{result['ratio']:.2f}",
            f"{result['ratio_min']:.2f}-{result['ratio_max']:.2f}",
            "" if result["reach"] is None else f"{result['reach']:.2f}",
            reached,
        ),
        flush=True,
    )


def first_line(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().partition("\n")[0]


def machine(build, cpu):
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return {
        "cpu": model.group(1) if model else platform.machine(),
        "cpus": os.cpu_count(),
        "pinned_to": cpu,
        "kernel": platform.release(),
        "load": os.getloadavg(),
        "libc": " ".join(platform.libc_ver()),
        "commit": first_line("git", "-C", ROOT, "describe", "--always", "--dirty"),
        "python": first_line(PYTHON, "--version"),
    } | {each.name: first_line(*each.command, os.path.join(build.sources, f"version.{each.extension}")) for each in build.interpreters}


def pin():
    """One CPU for this process and all it starts: a move to another in the middle costs."""
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return cpu


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # so that what it made is removed
    build = Build(options.build, options.quick)
    rounds = 4 if options.quick else 8  # even: what changes with the round is in balance
    rows = [row for row in all_rows(build) if re.search(options.rows, row.name)]
    if not rows:
        sys.exit(f"bench: no row's name matches {options.rows}")
    groups = {}
    for row in rows:
        groups.setdefault(row.commands, []).append(row)
    facts = machine(build, pin())
    print(f"bench: {facts['cpu']}, pinned to CPU {facts['pinned_to']}; load {facts['load'][0]:.1f}")
    print(f"bench: {rounds} rounds of {build.passes} passes; ratio = ours / yardstick in one pass, median and min-max")
    for text in build.missing:
        print(f"bench: {text}")
    print(FORMAT.format("row", "ours", "", "yardstick", "its time", "ratio", "min-max", "reach", "met"), flush=True)
    results, failed = [], []
    start = time.monotonic()
    progress = sys.stderr.isatty()
    for k, group in enumerate(groups.values(), 1):
        if progress:
            print(f"{k} of {len(groups)}: {group[0].name} ...", end="\r", file=sys.stderr, flush=True)
        try:
            times = run_group(group, rounds, os.environ | build.environment)
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            failed += [row.name for row in group]
            print(f"{group[0].name}: NOT MEASURED: {error}", flush=True)
            continue
        for row in group:
            try:
                compared = [compare(row, against, times) for against in row.against]
            except ValueError as error:
                failed.append(row.name)
                print(f"{row.name}: NOT MEASURED: {error}", flush=True)
                continue
            for result in compared:
                results.append(result)
                show(result)
    with open(options.json, "w") as file:
        json.dump({"machine": facts, "seconds": time.monotonic() - start, "rows": results}, file, indent=1)
    wanted = [result for result in results if result["reached"] is not None]
    print(
        f"bench: {sum(result['reached'] for result in wanted)} of {len(wanted)} reaches met"
        f" in {time.monotonic() - start:.0f} s; every number is in {options.json}"
    )
    if failed:
        sys.exit(f"bench: {len(failed)} rows could not be measured")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("bench: stopped")
