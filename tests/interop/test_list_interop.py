"""polyshm's lists and stock CPython's, both ways, in every language. test_list_interop.py NAME=DRIVER... Random lists come of
POLYSHM_SEED, or of a seed that is printed."""
import itertools
import os
import random
import struct
import subprocess
import sys
import time
import unittest
from multiprocessing.shared_memory import ShareableList

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers"))
import client
import protocol
from stock import list_of as created, own

COMMANDS = client.commands(sys.argv[1:])
SEED = int(os.environ.get("POLYSHM_SEED") or time.time_ns() % 1_000_000)
PREFIX = f"list-interop-{os.getpid()}"
NUMBERS = itertools.count()


def fresh_name():
    return f"{PREFIX}-{next(NUMBERS)}"


def file_of(name):
    return "/dev/shm/" + name


def bytes_of(name):
    with open(file_of(name), "rb") as file:
        return file.read()


def attached(name):
    return own(ShareableList(name=name))


class Ours:
    """A list in a language, through its driver: one at a time. What changes it gives the error's code, or "ok"."""

    def __init__(self, command):
        self.driver = client.Driver(command)
        # No integer from this on; lists are compared by it.
        self.integers = 2**53 if self.driver.doubles else 2**63

    def code(self, statement, *values):
        return self.driver.code(statement, *values) or "ok"

    def create(self, name, values):
        return self.code("l = ShareableList.create % %", name, values)

    def attach(self, name):
        return self.code("l = ShareableList.attach %", name)

    def assign(self, values):
        return self.code("l.assign %", values)

    def set(self, index, value):
        return self.code("l.set % %", index, value)

    def get(self, index):
        """The item, or the error's code."""
        try:
            return self.driver.do("l.get %", index)
        except protocol.Failed as failure:
            return failure.code

    def values(self):
        return self.driver.do("l.values")

    def each(self, method, count):
        """What a method gives of each item."""
        return [protocol.answered(answer) for answer in self.driver.ask_all([f"l.{method} {i}" for i in range(count)])]

    def end(self):
        return self.driver.end()


# ---- random values ----


ALPHABETS = ["abcXYZ 019", "aé", "é", "€ß", "😀a", "\U0010ffff", "a\0b"]


def random_text(rng, most):
    """Text of at most so many bytes; often of just that many."""
    alphabet, text, size = rng.choice(ALPHABETS), "", 0
    while True:
        character = rng.choice(alphabet)
        size += len(character.encode())
        if size > most:
            break
        text += character
    return text.rstrip("\0")


def random_value(rng, most=None, integers=2**63):
    if most is None:
        most = rng.choice([0, 1, 6, 7, 8, 9, 15, 16, 17, rng.randrange(100)])
    match rng.randrange(7):
        case 0: return None
        case 1: return rng.random() < 0.5
        case 2: return rng.choice([-integers, integers - 1, 0, -1, rng.randrange(-integers, integers)])
        case 3: return rng.choice([0.0, -0.0, 0.1, 1e300, -5e-324, float("inf"), float("-inf"), float("nan"), rng.random(), 2.0])
        case 4: return rng.randbytes(rng.randrange(most + 1)).rstrip(b"\0")
        case 5: return (b"\xff" * most)
        case _: return random_text(rng, most)


def random_values(rng, length, **options):
    return [random_value(rng, **options) for _ in range(length)]


def exact(values):
    """Values that can be compared: kinds and bits count."""
    return [(type(value).__name__, struct.pack("d", value) if isinstance(value, float) else value) for value in values]


# The last ones are for the first driver alone, the core's: CPython takes seconds over them.
LENGTHS = [0, 1, 2, 3, 7, 8, 9, 30, 100, 100, 1000, 1000, 10_000]
FIRST = next(iter(COMMANDS))


class ListTest:
    """Of one language: `command` is its driver's, `lengths` are its lists'."""

    def setUp(self):
        self.ours = Ours(self.command)
        self.opened = []
        self.rng = random.Random(f"{SEED} {self.id()}")

    def tearDown(self):
        for each in self.opened:
            each.shm.close()
        for name in os.listdir("/dev/shm"):
            if name.startswith(PREFIX + "-"):
                os.unlink(file_of(name))
        self.assertEqual(self.ours.end(), 0)

    def cpython(self, made):
        self.opened.append(made)
        return made

    def assertSameBytes(self, name, other):
        found, expected = bytes_of(name), bytes_of(other)
        if found != expected:
            at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
            self.fail(f"seed {SEED}: {len(found)} and {len(expected)} bytes differ from byte {at} on: "
                      f"{found[at:at + 16].hex()} not {expected[at:at + 16].hex()}")

    def assertSameValues(self, found, expected):
        self.assertEqual(exact(found), exact(expected), f"seed {SEED}")


class RandomLists(ListTest):
    def test_made_by_either_read_by_the_other(self):
        for length in self.lengths:
            values = random_values(self.rng, length, integers=self.ours.integers)
            ours, theirs = fresh_name(), fresh_name()
            self.assertEqual(self.ours.create(ours, values), "ok")
            reference = self.cpython(created(values, theirs))
            self.assertSameBytes(ours, theirs)
            self.assertSameValues(self.cpython(attached(ours)), values)
            self.assertEqual(self.ours.attach(theirs), "ok")
            self.assertSameValues(self.ours.values(), values)
            self.assertEqual("".join(self.ours.each("format", min(length, 1000))),
                             "".join(reference._get_packing_format(i) for i in range(min(length, 1000))))

    def test_made_by_cpython_alone_where_its_slots_suffice(self):
        """No help with its slots: ASCII, and what is no text."""
        for length in self.lengths:
            values = [value.encode("ascii", "ignore").decode().rstrip("\0") if isinstance(value, str) else value
                      for value in random_values(self.rng, length, integers=self.ours.integers)]
            ours, theirs = fresh_name(), fresh_name()
            self.cpython(own(ShareableList(values, name=theirs)))
            self.assertEqual(self.ours.create(ours, values), "ok")
            self.assertSameBytes(ours, theirs)

    def test_edited_by_both_in_turn(self):
        """One list that both edit, and one that CPython alone edits in the same way: the same bytes after each round."""
        for length in self.lengths:
            if length == 0:
                continue
            values = random_values(self.rng, length, integers=self.ours.integers)
            shared, alone = fresh_name(), fresh_name()
            if self.rng.random() < 0.5:
                self.assertEqual(self.ours.create(shared, values), "ok")
                theirs = self.cpython(attached(shared))
            else:
                theirs = self.cpython(created(values, shared))
                self.assertEqual(self.ours.attach(shared), "ok")
            reference = self.cpython(created(values, alone))
            slots = self.ours.each("capacity", length)
            for _ in range(20):
                for _ in range(20):
                    index = self.rng.randrange(-length, length)
                    value = random_value(self.rng, most=slots[index], integers=self.ours.integers)
                    if self.rng.random() < 0.5:
                        self.assertEqual(self.ours.set(index, value), "ok", f"seed {SEED}: {index}: {value!r}")
                        found = theirs[index]
                    else:
                        theirs[index] = value
                        found = self.ours.get(index)
                    self.assertSameValues([found], [value])
                    reference[index] = value
                    values[index] = value
                self.assertSameBytes(shared, alone)
            self.assertSameValues(self.ours.values(), values)
            self.assertSameValues(theirs, values)

    def test_whole_lists_assigned(self):
        for length in self.lengths[1:]:
            shared, alone = fresh_name(), fresh_name()
            values = random_values(self.rng, length, integers=self.ours.integers)
            self.assertEqual(self.ours.create(shared, values), "ok")
            reference = self.cpython(created(values, alone))
            values = [random_value(self.rng, most=slot, integers=self.ours.integers) for slot in self.ours.each("capacity", length)]
            self.assertEqual(self.ours.assign(values), "ok")
            for i, value in enumerate(values):
                reference[i] = value
            self.assertSameBytes(shared, alone)

    def test_count_and_index(self):
        """As CPython's, but that a boolean is no number, and NaN and NaN are not equal there either."""
        values = random_values(self.rng, 300, most=1, integers=self.ours.integers)
        name = fresh_name()
        theirs = self.cpython(created(values, name))
        self.assertEqual(self.ours.attach(name), "ok")
        for value in random_values(self.rng, 300, most=1, integers=self.ours.integers) + values:
            if isinstance(value, bool) or value in (0, 1):
                continue
            self.assertEqual(self.ours.driver.do("l.count %", value), theirs.count(value))
            first = next((i for i, each in enumerate(theirs) if each == value), None)
            self.assertEqual(self.ours.driver.do("l.index %", value), first)

    def test_too_long_for_its_slot_is_refused_by_both(self):
        values = random_values(self.rng, 200, integers=self.ours.integers)
        name = fresh_name()
        theirs = self.cpython(created(values, name))
        self.assertEqual(self.ours.attach(name), "ok")
        before, slots = bytes_of(name), self.ours.each("capacity", 200)
        for i in range(200):
            room = slots[i]
            for value in (b"x" * (room + 1), "x" * (room + 1), "é" * (room // 2 + 1)):
                self.assertEqual(self.ours.set(i, value), "RANGE")
                with self.assertRaises(ValueError):
                    theirs[i] = value
        self.assertEqual(bytes_of(name), before)


class Defects(ListTest):
    """CPython's, and what we do instead. A test that fails here because CPython was mended is to be changed."""

    def test_1_trailing_nuls_are_lost(self):
        theirs = self.cpython(own(ShareableList([b"a\0\0", "b\0", b"\0"], name=fresh_name())))
        self.assertEqual(list(theirs), [b"a", "b", b""])
        for value in (b"a\0\0", "b\0", b"\0"):
            self.assertEqual(self.ours.create(fresh_name(), [value]), "ARGUMENT")
        name = fresh_name()
        self.assertEqual(self.ours.create(name, [b"0123", "0123"]), "ok")
        before = bytes_of(name)
        for index, value in enumerate((b"a\0\0", "b\0")):
            self.assertEqual(self.ours.set(index, value), "ARGUMENT")
        self.assertEqual(bytes_of(name), before)
        self.assertEqual(self.ours.set(0, b"\0a"), "ok")  # only the last ones are lost
        self.assertEqual(self.cpython(attached(name))[0], b"\0a")

    def test_2_slots_by_code_points_cut_text(self):
        cut, broken = fresh_name(), fresh_name()
        self.assertEqual(list(self.cpython(own(ShareableList(["ééééééé"], name=cut)))), ["éééé"])
        theirs = self.cpython(own(ShareableList(["aéééé", 7], name=broken)))
        with self.assertRaises(UnicodeDecodeError):
            theirs[0]
        # Whatever it wrote is read as it lies there, and what is no text is refused; the others can be had.
        self.ours.attach(cut)
        self.assertEqual(self.ours.get(0), "éééé")
        self.ours.attach(broken)
        self.assertEqual(self.ours.get(0), "CORRUPT")
        self.assertEqual(self.ours.get(1), 7)
        self.assertEqual(self.ours.set(0, "mended"), "ok")
        self.assertEqual(theirs[0], "mended")
        # And ours are whole for both.
        name = fresh_name()
        self.assertEqual(self.ours.create(name, ["ééééééé", "aéééé"]), "ok")
        self.assertEqual(list(self.cpython(attached(name))), ["ééééééé", "aéééé"])

    def test_2_an_exact_format_is_read(self):
        """As CPython will write it after gh-145261: the text's length, not the slot's. CPython would cut the next text
        to it; what we write has the slot's format again."""
        name = fresh_name()
        with open(file_of(name), "wb") as file:
            file.write(struct.pack("<3q8s8sb", 1, 0, 8, b"hello", b"5s", 1))
        self.assertEqual(self.ours.attach(name), "ok")
        self.assertEqual(self.ours.get(0), "hello")
        theirs = self.cpython(attached(name))
        theirs[0] = "eight by"
        self.assertEqual(theirs[0], "eight")
        self.assertEqual(self.ours.set(0, "eight by"), "ok")
        self.assertEqual(theirs[0], "eight by")

    def test_3_an_index_below_the_first(self):
        name, other = fresh_name(), fresh_name()
        values = ["howdy", b"HoWdY", -273.154, 100, None, True, 42]
        theirs = self.cpython(own(ShareableList(values, name=name)))
        before = bytes_of(name)
        theirs[-9] = 1
        self.assertNotEqual(bytes_of(name), before)  # whatever that was
        self.assertEqual(self.ours.create(other, values), "ok")
        for index in (-8, -9, -14, -15, -2**31, -2**63, 7, 2**63 - 1):
            self.assertEqual(self.ours.get(index), "INDEX")
            self.assertEqual(self.ours.set(index, 1), "INDEX")
        self.assertEqual(bytes_of(other), before)
        self.assertEqual([self.ours.get(index) for index in range(-7, 0)], values)

    def test_4_a_failed_assignment_destroys(self):
        name, other = fresh_name(), fresh_name()
        theirs = self.cpython(own(ShareableList(["howdy", 1], name=name)))
        with self.assertRaises(struct.error):
            theirs[0] = 2**63
        self.assertNotEqual(bytes_of(name)[:], b"")
        try:
            survived = theirs[0] == "howdy"
        except Exception:
            survived = False
        self.assertFalse(survived)
        self.assertEqual(self.ours.create(other, ["howdy", 1]), "ok")
        before = bytes_of(other)
        if "integers" not in self.ours.driver.traits:  # elsewhere there is no such number: it is a float
            self.assertEqual(self.ours.set(0, 2**63), "RANGE")
            self.assertEqual(self.ours.assign([2, 2**63]), "RANGE")
        self.assertEqual(self.ours.set(0, "longer than a slot"), "RANGE")
        self.assertEqual(self.ours.assign([2, "longer than a slot"]), "RANGE")
        self.assertEqual(bytes_of(other), before)

    def test_bytes_that_are_no_text(self):
        """What is no UTF-8 is refused as text, where the language does not make bytes or other text of it: CPython can read it."""
        name = fresh_name()
        self.assertEqual(self.ours.create(name, ["howdy"]), "ok")
        before = bytes_of(name)
        if self.ours.set(0, b"\xff".decode(errors="surrogateescape")) != "ok":
            self.assertEqual(self.ours.set(0, b"\xff".decode(errors="surrogateescape")), "ARGUMENT")
            self.assertEqual(bytes_of(name), before)
        self.assertIn(list(self.cpython(attached(name))), [["howdy"], [b"\xff"], ["\xff"]])

    def test_5_attaching_and_ending_removes(self):
        """The idiom of the docs keeps the list; without it CPython removes what it merely attached."""
        name = fresh_name()
        self.assertEqual(self.ours.create(name, [1, "two"]), "ok")
        careless = f"from multiprocessing.shared_memory import ShareableList as L; l = L(name='{name}'); l[0] = 2; l.shm.close()"
        careful = ("from multiprocessing import resource_tracker as t; " + careless +
                   "; t.unregister(l.shm._name, 'shared_memory')")
        run = dict(check=True, timeout=60, stderr=subprocess.DEVNULL)
        subprocess.run([sys.executable, "-c", careful], **run)
        time.sleep(0.5)  # long enough for the tracker to do what it must not
        self.assertTrue(os.path.exists(file_of(name)))
        self.assertEqual(self.ours.get(0), 2)
        subprocess.run([sys.executable, "-c", careless], **run)
        end = time.monotonic() + 20  # its tracker is a process of its own, and takes its time
        while os.path.exists(file_of(name)) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(os.path.exists(file_of(name)))
        # We attach and end without a trace.
        self.assertEqual(self.ours.create(name, [1, "two"]), "ok")
        other = Ours(self.command)
        self.assertEqual(other.attach(name), "ok")
        self.assertEqual(other.end(), 0)
        self.assertEqual(self.cpython(attached(name))[1], "two")

    def test_what_cpython_believes_is_refused(self):
        for content in (struct.pack("<q72x", 3), struct.pack("<qq", -1, 0), struct.pack("<qq", 2**40, 0), b"short"):
            name = fresh_name()
            with open(file_of(name), "wb") as file:
                file.write(content)
            self.assertEqual(self.ours.attach(name), "CORRUPT")


class Together(ListTest, unittest.TestCase):
    """All languages edit one list, and CPython, each in turn."""
    command = COMMANDS[FIRST]

    def test_edited_in_turn(self):
        integers = 2**53  # the edits are the same for all
        values = random_values(self.rng, 100, integers=integers)
        shared, alone = fresh_name(), fresh_name()
        theirs, reference = self.cpython(created(values, shared)), self.cpython(created(values, alone))
        self.assertEqual(self.ours.attach(shared), "ok")
        slots = self.ours.each("capacity", 100)
        for name, command in [*COMMANDS.items(), ("cpython", None)]:
            edits = [(index, random_value(self.rng, most=slots[index], integers=integers))
                     for index in (self.rng.randrange(-100, 100) for _ in range(100))]
            for index, value in edits:
                reference[index] = values[index] = value
            if command:
                editor = Ours(command)
                self.assertEqual(editor.attach(shared), "ok")
                self.assertEqual([editor.set(index, value) for index, value in edits], ["ok"] * len(edits), name)
                self.assertEqual(editor.end(), 0)
            else:
                for index, value in edits:
                    theirs[index] = value
            with self.subTest(name):
                self.assertSameBytes(shared, alone)
        self.assertSameValues(theirs, values)
        self.assertSameValues(self.ours.values(), values)


for name, command in COMMANDS.items():
    for base in (RandomLists, Defects):
        title = f"{base.__name__}_{name}"
        facts = {"command": command, "lengths": LENGTHS if name == FIRST else LENGTHS[:-2]}
        globals()[title] = type(title, (base, unittest.TestCase), facts)

print(f"POLYSHM_SEED={SEED}, CPython {sys.version.split()[0]}", flush=True)
unittest.main(argv=[sys.argv[0], "-v"])
