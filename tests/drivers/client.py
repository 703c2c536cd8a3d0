"""Driver: a language's driver as a process, README.md. ask() gives it a statement, and waits for the answer only so long;
do() takes and gives Python's values."""
import os
import select
import subprocess
import time

import protocol

SECONDS = float(os.environ.get("POLYSHM_ANSWER_SECONDS", 60))
START_SECONDS = 4 * SECONDS  # under valgrind an interpreter needs long before it says anything


class Died(Exception):
    """The driver has ended, or says nothing, or what is not in the protocol."""


def filled(statement, *values):
    """A statement with the tokens of values in the place of each `%`."""
    first, *parts = statement.split("%")
    return first + "".join(protocol.show(value) + part for value, part in zip(values, parts, strict=True))


class Driver:
    def __init__(self, command, seconds=SECONDS, **options):
        self.seconds, self.rest, self.dead = seconds, b"", None
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **options)
        os.set_blocking(self.process.stdin.fileno(), False)
        try:
            word, self.language, self.name, *traits = self.line(max(START_SECONDS, seconds)).split()
        except ValueError:
            word = None
        if word != "ready":
            raise self.lost(f"does not begin with `ready LANGUAGE NAME`: {' '.join(command)}")
        self.traits = dict(trait.partition("=")[::2] for trait in traits)
        # Whether numbers are doubles: no integer beyond 2^53, and none told from a float.
        self.doubles = self.traits.get("integers") == "53"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.dead:
            self.end()

    def lost(self, why):
        """The exception that tells why the driver is no use any more; it is ended."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.dead = Died(f"the driver {why}")
        return self.dead

    def line(self, seconds):
        return self.exchange(b"", 1, seconds)[0]

    def exchange(self, lines, count, seconds):
        """Writes lines while it reads so many: a driver that waits for its answer to be read does not read on. Each answer has
        so many seconds."""
        to, of = self.process.stdin.fileno(), self.process.stdout.fileno()
        found, end = [], time.monotonic() + seconds
        while len(found) < count:
            readable, writable, _ = select.select([of], [to] if lines else [], [], max(0, end - time.monotonic()))
            try:
                if writable:
                    lines = lines[os.write(to, lines[:1 << 16]):]
            except BrokenPipeError:
                lines, readable = b"", [of]
            if readable:
                piece = os.read(of, 1 << 20)
                if not piece:
                    raise self.lost(f"ended with {self.process.wait()}")
                *whole, self.rest = (self.rest + piece).split(b"\n")
                found += [line.decode("ascii", "backslashreplace") for line in whole]
                end = time.monotonic() + seconds if whole else end
            elif not writable:
                raise self.lost(f"has not answered in {seconds:g} s")
        if len(found) > count or self.rest:
            raise self.lost(f"says more than it was asked for: {found[count:]} {self.rest!r}")
        return found

    def ask_all(self, statements):
        """The answers, as their lines. Many statements at once are faster than one by one."""
        if self.dead:
            raise self.dead
        lines = "".join(protocol.plain(statement) + "\n" for statement in statements)
        return self.exchange(lines.encode(), len(statements), self.seconds)

    def ask(self, statement):
        return self.ask_all([statement])[0]

    def do(self, statement, *values):
        """The answer's value, or Failed; each `%` in the statement stands for the token of a value."""
        return protocol.answered(self.ask(filled(statement, *values)))

    def code(self, statement, *values):
        """The code of the error that the statement fails with, or None."""
        try:
            self.do(statement, *values)
        except protocol.Failed as failure:
            if failure.code is None:
                raise
            return failure.code
        return None

    def forget(self):
        return self.ask("forget")

    def end(self):
        """Lets it end by itself, and gives its exit status."""
        self.process.stdin.close()
        status = self.process.wait(timeout=START_SECONDS)
        self.process.stdout.close()
        self.dead = Died("the driver was ended")
        return status


def commands(arguments):
    """NAME=COMMAND... as a dictionary of lists of words."""
    return {name: command.split() for name, command in (argument.split("=", 1) for argument in arguments)}
