"""One get and one set of a view's element, for each call: nanoseconds without the loop's own.

Lua has two yardsticks: one checks the object's type with luaL_checkudata, as C modules do; the leanest avoids its look-up.
"""

from row import Against, Row

REACH = {"lua": 1.0, "ruby": 1.1, "tcl": 1.35}
STATEMENTS = {  # and the memoryview's
    "lua": {"x = t:get(i)": "x = t[i]", "t:set(i, x)": "t[i] = x", "x = t[i]": "x = t[i]", "t[i] = x": "t[i] = x"},
    "ruby": {"x = t.get(i)": "x = t[i]", "t.set(i, x)": "t[i] = x", "x = t[i]": "x = t[i]", "t[i] = x": "t[i] = x"},
    "tcl": {"set x [$t get $i]": "x = t[i]", "$t set $i $x": "t[i] = x"},
}


def rows(build):
    for interpreter in build.interpreters:
        language = interpreter.language
        commands = (build.script(interpreter, "element", 200_000), build.cpython("element", 200_000))
        for statement, pythons in STATEMENTS[language].items():
            against = [Against("hand-written", REACH[language])]
            if language == "lua":
                against.append(Against("hand-written, leanest"))
            against.append(Against("memoryview", None if language == "tcl" else 1.0, pythons))
            yield Row(f"element {interpreter.name}: {statement}", statement, tuple(against), commands, size=8000)
