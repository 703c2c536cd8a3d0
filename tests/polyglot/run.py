"""The polyglot matrix: every writer × every reader × every line of a file. run.py values|list NAME=DRIVER...: a writer and a
reader are processes of their own, and what they have in common is the segment. Its bytes are the same whoever wrote it."""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "drivers"))
import client
import protocol

PREFIX = f"polyglot-{os.getpid()}"
STRIDE = 256
SIZE = 65536


class Different(Exception):
    """What was read is not what was written."""


def exact(value):
    """A value that can be compared: kinds and bits count."""
    return type(value).__name__, struct.pack("d", value) if isinstance(value, float) else value


def held(driver, value):
    """Whether a driver's language has such a number."""
    return not (driver.doubles and type(value) is int and abs(value) > 2**53)


def check(driver, statement, expected, answer):
    """Raises Different unless an answer is the expected value; where the language has no such number, it must be refused."""
    try:
        value = protocol.answered(answer)
    except protocol.Failed as failure:
        if failure.code == "RANGE" and not held(driver, expected):
            return
        raise
    if isinstance(expected, float) and driver.doubles and type(value) is int:
        value = float(value)
    if isinstance(expected, list):
        expected, value = list(map(exact, expected)), list(map(exact, value))
    elif isinstance(expected, bytes) and ".read" in statement:
        value = protocol.bytes_of(value)
    if exact(value) != exact(expected) or not held(driver, expected):
        raise Different(f"{statement}: {value!r}, and not {expected!r}")


def check_all(driver, statements, expected):
    """All at once: statements, and their values."""
    for statement, one, answer in zip(statements, expected, driver.ask_all(statements), strict=True):
        check(driver, statement, one, answer)


class Values:
    """Line k lies at byte 256 k, through a view."""

    def __init__(self):
        self.lines = []
        for line in open(os.path.join(HERE, "values.txt")):
            dtype, *words = line.split()
            number = float if dtype.startswith("float") else int
            self.lines.append((dtype, bytes.fromhex(words[0]) if dtype == "bytes" else [number(word) for word in words]))

    def write(self, driver, name):
        driver.do("s = SharedMemory.create % size=%", name, SIZE)
        for k, (dtype, values) in enumerate(self.lines):
            if dtype == "bytes":
                driver.do("s.write % %", k * STRIDE, values)
                continue
            driver.do("v = s.view % offset=% count=%", dtype, k * STRIDE, len(values))
            if all(held(driver, value) for value in values):
                driver.do("v.assign %", values)
            else:
                self.write_halves(driver, k * STRIDE, values)

    def write_halves(self, driver, offset, values):
        """64-bit numbers as two of 32 bits: for a language that cannot hold them."""
        for i, half in enumerate(struct.unpack(f"={2 * len(values)}I", struct.pack(f"={len(values)}q", *values))):
            driver.do('s.set_value "uint32" % %', offset + 4 * i, half)

    def read(self, driver, name, writer):
        driver.do("s = SharedMemory.attach % readonly=true", name)
        statements, expected = [], []
        for k, (dtype, values) in enumerate(self.lines):
            if dtype == "bytes":
                statements.append(client.filled("s.read % %", k * STRIDE, len(values)))
                expected.append(values)
                continue
            driver.do(f"v{k} = s.view % offset=% count=%", dtype, k * STRIDE, len(values))
            statements += [f"v{k}.get {i}" for i in range(len(values))]
            expected += values
        check_all(driver, statements, expected)

    def kinds(self):
        return {dtype for dtype, _ in self.lines}


class List:
    """Line k is item k."""

    MAKE = {"none": lambda word: None, "bool": lambda word: word == "1", "int": int, "float": float,
            "str": lambda word: bytes.fromhex(word).decode(), "bytes": bytes.fromhex}

    def __init__(self):
        self.lines = [line.rstrip("\n").partition(" ") for line in open(os.path.join(HERE, "list.txt"))]
        self.items = [self.MAKE[kind](word) for kind, _, word in self.lines]

    def of(self, driver):
        """The items that a writer has; 0 stands for a number that it has not."""
        return [item if held(driver, item) else 0 for item in self.items]

    def write(self, driver, name, items=None):
        driver.do("l = ShareableList.create % %", name, items or self.of(driver))

    def read(self, driver, name, writer):
        items = self.of(writer)
        driver.do("l = ShareableList.attach % readonly=true", name)
        check_all(driver, [f"l.get {i}" for i in range(len(items))], items)
        if all(held(driver, item) for item in items):
            check_all(driver, ["l.values"], [items])

    def kinds(self):
        return {kind for kind, _, _ in self.lines}


def bytes_of(name):
    with open("/dev/shm/" + name, "rb") as file:
        return file.read()


def same_bytes(what, first, writer, name):
    """Whether a writer's bytes are those that the first driver writes of the same."""
    reference = name + "-first"
    if isinstance(what, List):
        what.write(first, reference, what.of(writer))
    else:
        what.write(first, reference)
    first.forget()
    return bytes_of(reference) == bytes_of(name)


def tried(function, *arguments):
    """Why it did not work, or None."""
    try:
        return function(*arguments)
    except (Different, protocol.Failed, protocol.Bad, client.Died) as why:
        return why


def matrix(what, writers, readers):
    """Tells what passed, and returns how many did and how many did not."""
    passed = failed = 0
    for number, writer in enumerate(writers):
        name = f"{PREFIX}-{number}"
        if why := tried(what.write, writer, name):
            print(f"not ok {writer.name} writes: {why}")
            failed += 1
            continue
        line = f"{writer.name} writes:"
        for reader in readers:
            why = tried(what.read, reader, name, writer)
            if not reader.dead:
                reader.forget()
            if why:
                print(f"not ok {writer.name} writes, {reader.name} reads: {why}")
                failed += 1
            else:
                line += f" {reader.name} reads"
                passed += 1
        if not same_bytes(what, writers[0], writer, name):
            print(f"not ok the bytes that {writer.name} writes")
            failed += 1
        writer.forget()
        print(line, flush=True)
    return passed, failed


def main(which, *arguments):
    what = {"values": Values, "list": List}[which]()
    commands = client.commands(arguments).values()
    writers, readers = [client.Driver(command) for command in commands], [client.Driver(command) for command in commands]
    try:
        passed, failed = matrix(what, writers, readers)
    finally:
        for name in os.listdir("/dev/shm"):
            if name.startswith(PREFIX + "-"):
                os.unlink("/dev/shm/" + name)
    for driver in (*writers, *readers):
        if not driver.dead and driver.end():
            print(f"not ok: {driver.name} ended badly")
            failed += 1
    print(f"each pair: {len(what.lines)} lines, {len(what.kinds())} kinds")
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed else 1)


main(*sys.argv[1:])
