"""What the families of rows are written in: see families/."""

import os
import re
import shlex
from dataclasses import dataclass

PYTHON = "/usr/bin/python3"  # the stock CPython


@dataclass(frozen=True)
class Against:
    """A yardstick: its variant, and the largest ratio ours / yardstick that is wanted (None: for information)."""

    variant: str
    reach: float | None = None
    measure: str | None = None  # where it is not the row's own


@dataclass(frozen=True)
class Command:
    """A program that measures. {name} among its words is the name of the row's segment."""

    words: tuple
    environment: tuple = ()


@dataclass(frozen=True)
class Row:
    """One line of the table. Rows with the same commands are measured by one run of them."""

    name: str
    measure: str
    against: tuple
    commands: tuple  # run one after the other in each round
    size: int  # bytes of the segment; 0: the commands make it
    shown: str | None = None  # a row without a yardstick shows this variant's time
    per: float = 1  # the unit of what is shown: nanoseconds divided by this
    unit: str = "ns"


class Interpreter:
    def __init__(self, folder, line):
        self.name, self.language, self.extension, command = line.split("|")
        self.command = shlex.split(command)
        self.yardstick = os.path.join(folder, self.name, "yardstick.so")


class Script:
    """An interpreter's script of a family. What is special to its language stands in its comments:

    row: MEASURE | YARDSTICK | YARDSTICK <= REACH | YARDSTICK: ITS OWN MEASURE <= REACH
    interpreters: NAME ...    (where not all of the language's can run it)
    """

    def __init__(self, interpreter, path, command):
        self.name = interpreter.name
        self.command = command
        self.path = path
        self.rows = {}
        self.runs = True
        with open(path) as file:
            for kind, text in re.findall(r"^\W+(row|interpreters): (.*)$", file.read(), re.MULTILINE):
                if kind == "interpreters":
                    self.runs = interpreter.name in text.split()
                else:
                    measure, *yardsticks = text.split(" | ")
                    self.rows[measure] = tuple(map(self.yardstick, yardsticks))

    @staticmethod
    def yardstick(text):
        variant, measure, reach = re.fullmatch(r"(.+?)(?:: (.+?))?(?: <= ([0-9.]+))?", text).groups()
        return Against(variant, reach and float(reach), measure)

    def measures(self):
        """Those that its rows name, in a family in which each language has its own."""
        if not self.rows:
            raise SystemExit(f"bench: {self.path} has no line `row: MEASURE | ...` that says what it measures: see row.py")
        return tuple(self.rows)

    def against(self, measure, *usual):
        """The family's usual yardsticks, or what the script says of them, and those that it adds."""
        own = {each.variant: each for each in self.rows.get(measure, ())}
        return tuple(own.pop(each.variant, each) for each in usual) + tuple(own.values())


class Build:
    """The release build: its interpreters, its programs, and the environment in which scripts find the bindings."""

    def __init__(self, folder, quick):
        folder = os.path.abspath(folder)
        self.folder = os.path.join(folder, "tests", "bench")
        self.passes = 1 if quick else 3  # within each run of a command; there are `rounds` runs
        self.sources = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(self.folder, "interpreters")) as file:
            self.interpreters = [Interpreter(self.folder, line) for line in file.read().splitlines()]
        with open(os.path.join(folder, "environment")) as file:
            pairs = [word for word in shlex.split(file.read()) if word != "export"]
        self.environment = dict(pair.split("=", 1) for pair in pairs)
        self.missing = []  # what scripts() did not find, to be told

    def scripts(self, family, *arguments, in_all=True):
        """family.<extension> of each interpreter, with the environment it needs. A language without one has no rows."""
        for interpreter in self.interpreters:
            path = os.path.join(self.sources, f"{family}.{interpreter.extension}")
            if os.path.exists(path):
                words = (*interpreter.command, path, "{name}", str(self.passes), *map(str, arguments))
                script = Script(interpreter, path, Command(words, (("POLYSHM_YARDSTICK", interpreter.yardstick),)))
                if script.runs:
                    yield script
            elif in_all:
                self.missing.append(f"{interpreter.name} has no rows of {family}: there is no {os.path.basename(path)}")

    def cpython(self, family, *arguments):
        """The yardsticks in the stock CPython."""
        script = os.path.join(self.sources, "cpython", f"{family}.py")
        return Command((PYTHON, script, "{name}", str(self.passes), *map(str, arguments)))

    def program(self, family, *arguments):
        return Command((os.path.join(self.folder, family), "{name}", str(self.passes), *map(str, arguments)))
