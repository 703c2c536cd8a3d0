"""mutants.py LIBRARY SWIG SOURCE GENERATED HEADERS: each fact and each prototype of swig/api is missed where it is left out.

Takes the lines one by one out of a copy of swig/, and fails where facts.py and SWIG are content with what is left.
"""
import ctypes
import pathlib
import shutil
import subprocess
import sys
import tempfile

import facts
from hub import Hub

# What facts.py cannot see: a name that scripts use. The conformance cases call each.
NAMES = ("%rename", "%constant", "%include")


def units(text):
    """Facts are lines; prototypes go to their semicolon, or to the end of their body."""
    lines, start, code = text.splitlines(keepends=True), None, False
    for i, line in enumerate(lines):
        if line.startswith(("%{", "%}")):
            code = line.startswith("%{")
            continue
        if code:
            continue
        stripped = line.strip()
        if start is None and line.startswith("%polyshm"):
            yield lines[:i] + lines[i + 1:], stripped
        elif start is None and stripped.startswith(("polyshm_status ", "bool ", "int64_t ", "const char *", "polyshm_dtype ")):
            start = i
        if start is not None and (stripped.endswith(";") and lines[start].count("{") == 0 and not any("{" in each for each in lines[start:i + 1])
                                  or stripped == "}"):
            yield lines[:start] + lines[i + 1:], lines[start].strip()
            start = None


def main(library, swig, source, generated, headers):
    source, survivors, count = pathlib.Path(source), [], 0
    graph, loaded = facts.graph_of(library), ctypes.CDLL(library)

    def missed(copy):
        try:
            return any(facts.complaints(Hub(swig, copy, generated), graph, loaded, copy, headers))
        except subprocess.CalledProcessError:  # SWIG itself
            return True

    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "swig")
        shutil.copytree(source, copy)
        for file in sorted((copy / "api").glob("*.i")):
            whole = file.read_text()
            for left, what in units(whole):
                if what.startswith(NAMES):
                    continue
                file.write_text("".join(left))
                count += 1
                if not missed(copy):
                    survivors.append(f"{file.name}: {what}")
            file.write_text(whole)
            print(f"{file.name}: done, {count} so far", flush=True)
    for survivor in survivors:
        print("not ok: nothing misses", survivor)
    print(f"{count} mutants, {len(survivors)} unnoticed")
    return bool(survivors) or count < 100


sys.exit(main(*sys.argv[1:]))
