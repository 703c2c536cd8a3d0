"""What the families of rows are written in: see families/."""

import os
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
        self.name, self.language, self.command = line.split("|")
        self.yardstick = os.path.join(folder, self.name, "yardstick.so")


class Build:
    """The release build: its interpreters, its programs, and the environment in which scripts find the bindings."""

    def __init__(self, folder, quick):
        folder = os.path.abspath(folder)
        self.folder = os.path.join(folder, "tests", "bench")
        self.passes = 1 if quick else 3  # within each run of a command; there are `rounds` runs
        self.sources = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(self.folder, "interpreters")) as file:
            self.interpreters = [Interpreter(self.folder, line) for line in file.read().split()]
        with open(os.path.join(folder, "environment")) as file:
            pairs = [word for word in shlex.split(file.read()) if word != "export"]
        self.environment = dict(pair.split("=", 1) for pair in pairs)

    def script(self, interpreter, family, *arguments):
        """family.<extension of the language>, with the environment it needs."""
        extension = {"lua": "lua", "ruby": "rb", "tcl": "tcl"}[interpreter.language]
        script = os.path.join(self.sources, f"{family}.{extension}")
        words = (*shlex.split(interpreter.command), script, "{name}", str(self.passes), *map(str, arguments))
        return Command(words, (("POLYSHM_YARDSTICK", interpreter.yardstick),))

    def cpython(self, family, *arguments):
        script = os.path.join(self.sources, f"{family}.py")
        return Command((PYTHON, script, "{name}", str(self.passes), *map(str, arguments)))

    def program(self, family, *arguments):
        return Command((os.path.join(self.folder, family), "{name}", str(self.passes), *map(str, arguments)))
