"""One get and one set of a view's element, for each call: nanoseconds without the loop's own.

What the statements are in a language, and what they are to reach, its script says. Lua has two yardsticks: one checks the object's type
with luaL_checkudata, as C modules do; the leanest avoids its look-up.
"""

from row import Row


def rows(build):
    for script in build.scripts("element", 200_000):
        commands = (script.command, build.cpython("element", 200_000))
        for statement in script.measures():
            yield Row(f"element {script.name}: {statement}", statement, script.against(statement), commands, size=8000)
