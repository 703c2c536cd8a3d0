"""facts.py LIBRARY SWIG SOURCE GENERATED HEADERS: what swig/api tells of the API is what the library does, and nothing is forgotten.

LIBRARY is libpolyshm.so, SWIG the program, SOURCE the folder swig/ or a copy of it, GENERATED where api.i is, HEADERS core/include.
Each complaint says what to write where. swig/class.i has the words.
"""
import ctypes
import pathlib
import re
import subprocess
import sys

from hub import Hub

WORK = "polyshm__work"  # what a call reaches that waits or works long
MAPS = "polyshm__map_reach"  # what a call reaches that maps more

TYPEMAPS_USE = {"status.h", "value.h", "wait.h"}  # what conversions are made of; of the other headers scripts have each call

# Languages do by themselves what these do, in the typemaps, or they are for C alone.
NOT_FOR_SCRIPTS = {
    "polyshm_list_scratch": "the typemaps ask for it, for the room that get, walk, count and index are lent",
    "polyshm_lock_outcome_name": "outcomes are words in scripts",
    "polyshm_wait_outcome_name": "outcomes are words in scripts",
    "polyshm_segment_read": "each language copies by itself, from polyshm_segment_borrow()",
    "polyshm_view_read": "each language makes its own list, from polyshm_view_walk()",
    "polyshm_dtype_unpack": "views do it",
    "polyshm_value_equal": "lists do it",
    "polyshm_thread_end": "the typemaps call it, where a language has threads of its own",
    "polyshm_version_number": "scripts have the text",
}


def graph_of(library):
    """Which functions each function calls or takes the address of: {name: set of names}."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library], check=True, capture_output=True, text=True).stdout
    graph, function = {}, None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <([^>@]+)>:$", line)
        if head:
            function = head[1].split(".")[0]  # f.cold and f.part.0 are f's
            graph.setdefault(function, set())
        elif function:
            graph[function].update(name.split(".")[0] for name in re.findall(r"<([A-Za-z_][\w.]*)(?:@\w+)?(?:\+0x[0-9a-f]+)?>", line))
    return graph


def reaching(graph, goal):
    """Those from which the goal is reached."""
    if goal not in graph:
        sys.exit(f"not ok: there is no {goal} in the library")
    found, news = {goal}, {goal}
    while news:
        news = {name for name, called in graph.items() if called & news} - found
        found |= news
    return found


def marks(hub, graph):
    """Waits and long work, what weighs anew, and what programs expect to fail."""
    long, mapping = reaching(graph, WORK), reaching(graph, MAPS)
    for call in hub.calls:
        is_long, is_marked = bool(call.reaches() & long), "polyshm_long" in call.marks
        # A list's or a lock's create is marked for what a language does where files are short: no harm is done.
        if is_long and not is_marked:
            yield f"{call} may take long: say %polyshm_may_wait({call}) or %polyshm_may_work({call}, condition)"
        if is_marked and not is_long:
            yield f"{call} is marked and cannot take long"
        weighs = call.of and bool(call.reaches() & mapping)
        if weighs and "polyshm_weighs" not in call.marks:
            yield f"{call} may map more: say %polyshm_weighs_anew({call})"
        if not weighs and "polyshm_weighs" in call.marks:
            yield f"{call} is said to weigh anew, and maps nothing"
        expected = re.fullmatch(r"polyshm_\w+_(create|attach|open|unlink_name)|polyshm_\w+::unlink", str(call))
        if bool(expected) != ("polyshm_fails" in call.marks):
            yield f"{call}: create, attach, open and unlink, and no others, are %polyshm_expected_to_fail"


def reach_of_scripts(hub, headers, source):
    """Each public function has its call, or is used by the typemaps, or is in NOT_FOR_SCRIPTS."""
    reached = set().union(*(call.reaches() for call in hub.calls))
    typemaps = "\n".join(path.read_text() for path in source.rglob("*.i"))
    for header in sorted(headers.rglob("*.h")):
        for name in re.findall(r"^POLYSHM_API\b[^;{}]*?\b(polyshm_\w+)\(", header.read_text(), re.M):
            freed = name.endswith("_free") and name.removesuffix("_free").removeprefix("polyshm_") in hub.types
            used = name in reached or freed or (header.name in TYPEMAPS_USE and re.search(rf"\b{name}\b", typemaps))
            if used and name in NOT_FOR_SCRIPTS and name in reached:
                yield f"{name} is in NOT_FOR_SCRIPTS and in an api file"
            if not used and name not in NOT_FOR_SCRIPTS:
                yield f"{name} ({header.name}) is in no file of swig/api: scripts cannot call it"


def getters(hub, kind):
    methods = {call.script_name: call for call in hub.methods(kind)}
    attributes, questions, keeps = (hub.told(kind, fact) for fact in ("attribute", "question", "keeps"))
    for name in sorted((attributes | questions | keeps) - set(methods)):
        yield f"{kind}: {name} is told, and there is no such method"
    for name, call in methods.items():
        given = call.gives()
        if given and name not in attributes | questions:
            yield f"{call} has no arguments and a result: say %polyshm_attribute({kind}, {name}), or %polyshm_question"
        if name in attributes | questions and not given:
            yield f"{call} is told as an attribute or question, and is none"
        if given and (given == "bool") != (name in questions):
            yield f"{call} gives {given}: true or false, and nothing else, is %polyshm_truth({kind}, {name}) or %polyshm_question"
        if name in attributes and given == "bool" and (call.result == "polyshm_status") != (name in hub.told(kind, "state")):
            yield f"{call}: others may change it, or cannot: %polyshm_state({kind}, {name}), or %polyshm_truth"
        if given and given.endswith("*") and name not in keeps:
            yield f"{call} gives an object: say %polyshm_keeps({kind}, {name})"


def verbs(hub, kind, library):
    """create, attach and open: their options, as the prototypes and the library have them."""
    functions = {call.name: call for call in hub.calls if not call.of}
    made = [f"polyshm_{kind}_{verb}" for verb in ("create", "attach", "open")]
    found = [name for name in made if name in functions]
    named = bool(hub.told(kind, "named"))
    if named != (len(found) == 3):
        yield f"{kind}: {', '.join(found) or 'no verb'} is there: %polyshm_named({kind}, work) is for those with create, attach and open"
    if not named or len(found) < 3:
        return
    between = list(functions[made[0]].arguments[1:-2])  # behind the name, before mode and out
    contents = between[:2] == ["polyshm_value*", "int64_t"]
    if contents != bool(hub.told(kind, "contents")):
        yield f"{kind}: create takes values, or does not: %polyshm_contents({kind})"
    options = " ".join(between[2 * contents:]).replace("int64_t* int64_t", "int64_t").split()
    if len(options) != len(hub.told(kind, "option")):
        yield f"{kind}: create takes {len(options)} options of its own: say %polyshm_own_option({kind}, name, value) for each"
    handle = ctypes.c_void_p()
    attach = getattr(library, made[1])
    attach.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    status = attach(b"polyshm-facts-no-such-name", 1, 0, ctypes.byref(handle))
    library.polyshm_status_name.restype = ctypes.c_char_p
    readonly = library.polyshm_status_name(status) == b"ENOENT"
    if readonly != bool(hub.told(kind, "readonly")):
        yield f"{kind}: attach can be read-only, or cannot: %polyshm_readonly({kind})"


def shapes(hub, kind):
    names = {call.script_name for call in hub.methods(kind)}
    sequence = {"get", "set", "values", "assign"} <= names
    if sequence != bool(hub.told(kind, "sequence")):
        yield f"{kind} has get, set, values and assign, or has not: %polyshm_sequence({kind})"
    if sequence and len(hub.told(kind, "length")) != 1:
        yield f"{kind}: a sequence has one %polyshm_length({kind}, name)"
    if {"size", "length"} & names and not hub.told(kind, "length"):
        yield f"{kind} has a size or length: say %polyshm_length({kind}, name)"
    if (kind in hub.holds) != bool(hub.told(kind, "take")):
        yield f"{kind} is held for a scope, or is not: %polyshm_take({kind}, method)"
    for word in hub.told(kind, "take") - names:
        yield f"{kind}: there is no {word} to take it"
    for other in sorted(hub.told(kind, "named")):
        if "name" not in names:
            yield f"{kind} is named{other}, and has no name"


def complaints(hub, graph, library, source, headers):
    yield from marks(hub, graph)
    yield from reach_of_scripts(hub, pathlib.Path(headers), pathlib.Path(source))
    known = {kind for kind, fact, _ in hub.facts if fact == "class"}
    for kind in sorted(hub.types | known):
        if kind not in known:
            yield f"{kind} has no line %polyshm_class({kind}, …)"
        yield from getters(hub, kind)
        yield from verbs(hub, kind, library)
        yield from shapes(hub, kind)


def main(library, swig, source, generated, headers):
    hub = Hub(swig, source, generated)
    found = list(complaints(hub, graph_of(library), ctypes.CDLL(library), source, headers))
    for complaint in found:
        print("not ok:", complaint)
    print(f"{len(hub.calls)} calls, {len(hub.facts)} facts of {len(hub.types)} classes")
    return bool(found) or len(hub.types) < 6


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
