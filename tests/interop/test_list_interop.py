"""polyshm's lists and stock CPython's, both ways. test_list_interop.py list_peer NAME=COMMAND...: the program that speaks for
the core, and the polyglot peer of each interpreter. Random lists come of POLYSHM_SEED, or of a seed that is printed."""
import itertools
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import ShareableList

CORE, *PEERS = sys.argv[1:]
PEERS = dict(peer.split("=", 1) for peer in PEERS)
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


# ---- CPython's side ----


def own(made):
    """CPython before 3.13 removes at exit what it merely attached (gh-82300), and CPython has no other way for a list: this
    takes the segment off its list of what to remove."""
    resource_tracker.unregister(made.shm._name, "shared_memory")
    return made


def attached(name):
    return own(ShareableList(name=name))


def created(values, name):
    """A list of CPython's, with slots by bytes. CPython makes them by code points, and cuts the text: so they are made
    for the encoded text, and then take the text itself."""
    made = own(ShareableList([value.encode() if isinstance(value, str) else value for value in values], name=name))
    for i, value in enumerate(values):
        if isinstance(value, str):
            made[i] = value
    return made


# ---- our side ----


def line_of(value):
    match value:
        case None: return "none"
        case bool(): return f"bool {value:d}"
        case int(): return f"int {value}"
        case float(): return f"float {value:.17g}"
        case str(): return f"str {value.encode().hex()}"
        case bytes(): return f"bytes {value.hex()}"


def value_of(line):
    kind, _, word = line.partition(" ")
    make = {"none": lambda word: None, "bool": lambda word: word == "1", "int": int, "float": float,
            "str": lambda word: bytes.fromhex(word).decode(), "bytes": bytes.fromhex}
    return make[kind](word) if kind in make else line  # an error is as it is told


class Core:
    """The core, through list_peer."""

    def __init__(self):
        self.program = subprocess.Popen([CORE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self):
        line = self.program.stdout.readline()
        if not line:
            raise AssertionError(f"list_peer ended: {self.program.wait()}")
        return line.rstrip("\n")

    def do(self, *words):
        self.program.stdin.write(" ".join(map(str, words)) + "\n")
        self.program.stdin.flush()
        return self.answer()

    def create(self, name, values):
        return self.do("create", name, "\n".join([str(len(values)), *map(line_of, values)]))

    def assign(self, values):
        return self.do("assign", "\n".join([str(len(values)), *map(line_of, values)]))

    def set(self, index, value):
        return self.do("set", index, line_of(value))

    def get(self, index):
        return value_of(self.do("get", index))

    def values(self, count):
        if count == 0:
            return []
        lines = [self.do("dump"), *(self.answer() for _ in range(count - 1))]
        return [value_of(line) for line in lines]

    def end(self):
        self.program.stdin.close()
        code = self.program.wait(timeout=60)
        self.program.stdout.close()
        return code


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


LENGTHS = [0, 1, 2, 3, 7, 8, 9, 30, 100, 100, 1000, 1000, 10_000]


class ListTest(unittest.TestCase):
    def setUp(self):
        self.core = Core()
        self.opened = []
        self.rng = random.Random(f"{SEED} {self.id()}")

    def tearDown(self):
        for each in self.opened:
            each.shm.close()
        for name in os.listdir("/dev/shm"):
            if name.startswith(PREFIX + "-"):
                os.unlink(file_of(name))
        self.assertEqual(self.core.end(), 0)

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
        for length in LENGTHS:
            values = random_values(self.rng, length)
            ours, theirs = fresh_name(), fresh_name()
            self.assertEqual(self.core.create(ours, values), "ok")
            reference = self.cpython(created(values, theirs))
            self.assertSameBytes(ours, theirs)
            self.assertSameValues(self.cpython(attached(ours)), values)
            self.assertEqual(self.core.do("attach", theirs), "ok")
            self.assertSameValues(self.core.values(length), values)
            self.assertEqual("".join(self.core.do("format", i) for i in range(min(length, 1000))),
                             "".join(reference._get_packing_format(i) for i in range(min(length, 1000))))

    def test_made_by_cpython_alone_where_its_slots_suffice(self):
        """No help with its slots: ASCII, and what is no text."""
        for length in LENGTHS:
            values = [value.encode("ascii", "ignore").decode().rstrip("\0") if isinstance(value, str) else value
                      for value in random_values(self.rng, length)]
            ours, theirs = fresh_name(), fresh_name()
            self.cpython(own(ShareableList(values, name=theirs)))
            self.assertEqual(self.core.create(ours, values), "ok")
            self.assertSameBytes(ours, theirs)

    def test_edited_by_both_in_turn(self):
        """One list that both edit, and one that CPython alone edits in the same way: the same bytes after each round."""
        for length in LENGTHS:
            if length == 0:
                continue
            values = random_values(self.rng, length)
            shared, alone = fresh_name(), fresh_name()
            if self.rng.random() < 0.5:
                self.assertEqual(self.core.create(shared, values), "ok")
                theirs = self.cpython(attached(shared))
            else:
                theirs = self.cpython(created(values, shared))
                self.assertEqual(self.core.do("attach", shared), "ok")
            reference = self.cpython(created(values, alone))
            slots = [int(self.core.do("capacity", i)) for i in range(length)]
            for _ in range(20):
                for _ in range(20):
                    index = self.rng.randrange(-length, length)
                    value = random_value(self.rng, most=slots[index])
                    if self.rng.random() < 0.5:
                        self.assertEqual(self.core.set(index, value), "ok", f"seed {SEED}: {index}: {value!r}")
                        found = theirs[index]
                    else:
                        theirs[index] = value
                        found = self.core.get(index)
                    self.assertSameValues([found], [value])
                    reference[index] = value
                    values[index] = value
                self.assertSameBytes(shared, alone)
            self.assertSameValues(self.core.values(length), values)
            self.assertSameValues(theirs, values)

    def test_whole_lists_assigned(self):
        for length in LENGTHS[1:]:
            shared, alone = fresh_name(), fresh_name()
            values = random_values(self.rng, length)
            self.assertEqual(self.core.create(shared, values), "ok")
            reference = self.cpython(created(values, alone))
            values = [random_value(self.rng, most=int(self.core.do("capacity", i))) for i in range(length)]
            self.assertEqual(self.core.assign(values), "ok")
            for i, value in enumerate(values):
                reference[i] = value
            self.assertSameBytes(shared, alone)

    def test_count_and_index(self):
        """As CPython's, but that a boolean is no number, and NaN and NaN are not equal there either."""
        values = random_values(self.rng, 300, most=1)
        name = fresh_name()
        theirs = self.cpython(created(values, name))
        self.assertEqual(self.core.do("attach", name), "ok")
        for value in random_values(self.rng, 300, most=1) + values:
            if isinstance(value, bool) or value in (0, 1):
                continue
            self.assertEqual(self.core.do("count", line_of(value)), str(theirs.count(value)))
            first = next((i for i, each in enumerate(theirs) if each == value), -1)
            self.assertEqual(self.core.do("index", line_of(value)), str(first))

    def test_too_long_for_its_slot_is_refused_by_both(self):
        values = random_values(self.rng, 200)
        name = fresh_name()
        theirs = self.cpython(created(values, name))
        self.assertEqual(self.core.do("attach", name), "ok")
        before = bytes_of(name)
        for i in range(200):
            room = int(self.core.do("capacity", i))
            for value in (b"x" * (room + 1), "x" * (room + 1), "é" * (room // 2 + 1)):
                self.assertEqual(self.core.set(i, value), "error RANGE")
                with self.assertRaises(ValueError):
                    theirs[i] = value
        self.assertEqual(bytes_of(name), before)


class Defects(ListTest):
    """CPython's, and what we do instead. A test that fails here because CPython was mended is to be changed."""

    def test_1_trailing_nuls_are_lost(self):
        theirs = self.cpython(own(ShareableList([b"a\0\0", "b\0", b"\0"], name=fresh_name())))
        self.assertEqual(list(theirs), [b"a", "b", b""])
        for value in (b"a\0\0", "b\0", b"\0"):
            self.assertEqual(self.core.create(fresh_name(), [value]), "error ARGUMENT")
        name = fresh_name()
        self.assertEqual(self.core.create(name, [b"0123", "0123"]), "ok")
        before = bytes_of(name)
        for index, value in enumerate((b"a\0\0", "b\0")):
            self.assertEqual(self.core.set(index, value), "error ARGUMENT")
        self.assertEqual(bytes_of(name), before)
        self.assertEqual(self.core.set(0, b"\0a"), "ok")  # only the last ones are lost
        self.assertEqual(self.cpython(attached(name))[0], b"\0a")

    def test_2_slots_by_code_points_cut_text(self):
        cut, broken = fresh_name(), fresh_name()
        self.assertEqual(list(self.cpython(own(ShareableList(["ééééééé"], name=cut)))), ["éééé"])
        theirs = self.cpython(own(ShareableList(["aéééé", 7], name=broken)))
        with self.assertRaises(UnicodeDecodeError):
            theirs[0]
        # Whatever it wrote is read as it lies there, and what is no text is refused; the others can be had.
        self.core.do("attach", cut)
        self.assertEqual(self.core.get(0), "éééé")
        self.core.do("attach", broken)
        self.assertEqual(self.core.get(0), "error CORRUPT")
        self.assertEqual(self.core.get(1), 7)
        self.assertEqual(self.core.set(0, "mended"), "ok")
        self.assertEqual(theirs[0], "mended")
        # And ours are whole for both.
        name = fresh_name()
        self.assertEqual(self.core.create(name, ["ééééééé", "aéééé"]), "ok")
        self.assertEqual(list(self.cpython(attached(name))), ["ééééééé", "aéééé"])

    def test_2_an_exact_format_is_read(self):
        """As CPython will write it after gh-145261: the text's length, not the slot's. CPython would cut the next text
        to it; what we write has the slot's format again."""
        name = fresh_name()
        with open(file_of(name), "wb") as file:
            file.write(struct.pack("<3q8s8sb", 1, 0, 8, b"hello", b"5s", 1))
        self.assertEqual(self.core.do("attach", name), "ok")
        self.assertEqual(self.core.get(0), "hello")
        theirs = self.cpython(attached(name))
        theirs[0] = "eight by"
        self.assertEqual(theirs[0], "eight")
        self.assertEqual(self.core.set(0, "eight by"), "ok")
        self.assertEqual(theirs[0], "eight by")

    def test_3_an_index_below_the_first(self):
        name, other = fresh_name(), fresh_name()
        values = ["howdy", b"HoWdY", -273.154, 100, None, True, 42]
        theirs = self.cpython(own(ShareableList(values, name=name)))
        before = bytes_of(name)
        theirs[-9] = 1
        self.assertNotEqual(bytes_of(name), before)  # whatever that was
        self.assertEqual(self.core.create(other, values), "ok")
        for index in (-8, -9, -14, -15, -2**31, -2**63, 7, 2**63 - 1):
            self.assertEqual(self.core.get(index), "error INDEX")
            self.assertEqual(self.core.set(index, 1), "error INDEX")
        self.assertEqual(bytes_of(other), before)
        self.assertEqual([self.core.get(index) for index in range(-7, 0)], values)

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
        self.assertEqual(self.core.create(other, ["howdy", 1]), "ok")
        before = bytes_of(other)
        self.assertEqual(self.core.set(0, 2**63), "error RANGE")
        self.assertEqual(self.core.do("set", 0, "str ff"), "error ARGUMENT")
        self.assertEqual(self.core.assign([2, 2**63]), "error RANGE")
        self.assertEqual(bytes_of(other), before)

    def test_5_attaching_and_ending_removes(self):
        """The idiom of the docs keeps the list; without it CPython removes what it merely attached."""
        name = fresh_name()
        self.assertEqual(self.core.create(name, [1, "two"]), "ok")
        careless = f"from multiprocessing.shared_memory import ShareableList as L; l = L(name='{name}'); l[0] = 2; l.shm.close()"
        careful = ("from multiprocessing import resource_tracker as t; " + careless +
                   "; t.unregister(l.shm._name, 'shared_memory')")
        run = dict(check=True, timeout=60, stderr=subprocess.DEVNULL)
        subprocess.run([sys.executable, "-c", careful], **run)
        time.sleep(0.5)  # long enough for the tracker to do what it must not
        self.assertTrue(os.path.exists(file_of(name)))
        self.assertEqual(self.core.get(0), 2)
        subprocess.run([sys.executable, "-c", careless], **run)
        end = time.monotonic() + 20  # its tracker is a process of its own, and takes its time
        while os.path.exists(file_of(name)) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(os.path.exists(file_of(name)))
        # We attach and end without a trace.
        self.assertEqual(self.core.create(name, [1, "two"]), "ok")
        other = Core()
        self.assertEqual(other.do("attach", name), "ok")
        self.assertEqual(other.end(), 0)
        self.assertEqual(self.cpython(attached(name))[1], "two")

    def test_what_cpython_believes_is_refused(self):
        for content in (struct.pack("<q72x", 3), struct.pack("<qq", -1, 0), struct.pack("<qq", 2**40, 0), b"short"):
            name = fresh_name()
            with open(file_of(name), "wb") as file:
                file.write(content)
            self.assertEqual(self.core.do("attach", name), "error CORRUPT")


# Each reads lines `index kind word` from a file, and sets the items of a list.
EDITS = {
    "lua": """
        local polyshm = require "polyshm"
        local bytes = function(hex) return (hex:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)) end
        local floats = {inf = 1 / 0, ["-inf"] = -1 / 0, nan = math.abs(0 / 0)}
        local float = function(word) return floats[word] or tonumber((word:gsub("^%-?%d+$", "%0.0"))) end
        local make = {int = tonumber, bool = function(word) return word == "1" end, none = function() return polyshm.none end,
                      float = function(word) return polyshm.float(float(word)) end,
                      str = function(hex) return polyshm.str(bytes(hex)) end,
                      bytes = function(hex) return polyshm.bytes(bytes(hex)) end}
        local list = assert(polyshm.ShareableList.attach(arg[1]))
        for line in io.lines(arg[2]) do
          local index, kind, word = line:match "^(%S+) (%S+) ?(.*)$"
          list[tonumber(index)] = make[kind](word)
        end""",
    "ruby": """
        require "polyshm"
        list = PolyShm::ShareableList.attach(ARGV[0])
        float = ->(word) { { "inf" => Float::INFINITY, "-inf" => -Float::INFINITY, "nan" => Float::NAN }[word] || word.to_f }
        File.foreach(ARGV[1]) do |line|
          index, kind, word = line.split
          list[index.to_i] =
            case kind
            when "int" then word.to_i
            when "float" then float[word]
            when "bool" then word == "1"
            when "str" then [word.to_s].pack("H*").force_encoding("UTF-8")
            when "bytes" then [word.to_s].pack("H*")
            end
        end""",
    "tcl": """
        package require polyshm
        set list [polyshm::ShareableList attach [lindex $argv 0]]
        foreach line [split [string trim [read [open [lindex $argv 1]]]] \\n] {
            lassign $line index kind word
            switch $kind {
                none {$list set $index none {}}
                str {$list set $index str [encoding convertfrom utf-8 [binary decode hex $word]]}
                bytes {$list set $index bytes [binary decode hex $word]}
                float {if {[string is entier -strict $word]} {append word .0}; $list set $index float $word}
                default {$list set $index $kind $word}
            }
        }""",
}


class Languages(ListTest):
    """Fewer rounds through each interpreter: its polyglot peer, and a script that edits."""

    def peer(self, interpreter, name, verb, values):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("".join(line_of(value).rstrip() + "\n" for value in values))
            file.flush()
            done = subprocess.run([*PEERS[interpreter].split(), name, verb, file.name], capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{interpreter}, seed {SEED}")
        return [value_of(line) for line in done.stdout.splitlines()]

    def test_every_language(self):
        for interpreter in PEERS:
            # In Lua 5.1 and 5.2 an integer is a float of at most 2^53.
            integers = 2**53 if interpreter in ("lua5.1", "lua5.2", "luajit") else 2**63
            for length in (0, 1, 10, 100, 1000):
                with self.subTest(interpreter, length=length):
                    values = random_values(self.rng, length, integers=integers)
                    ours, theirs = fresh_name(), fresh_name()
                    self.cpython(created(values, theirs))
                    self.assertSameValues(self.peer(interpreter, theirs, "read-list", values), values)
                    self.peer(interpreter, ours, "write-list", values)
                    self.assertSameBytes(ours, theirs)

    def edit(self, interpreter, name, edits):
        language = next((language for language in EDITS if language in interpreter), None)
        self.assertIsNotNone(language, f"{interpreter}: this test has no program in its language, only in {', '.join(EDITS)}")
        *command, _ = PEERS[interpreter].split()  # less the peer
        with tempfile.NamedTemporaryFile("w") as file, tempfile.NamedTemporaryFile("w") as program:
            file.write("".join(f"{index} {line_of(value)}\n" for index, value in edits))
            program.write(EDITS[language])
            file.flush(), program.flush()
            done = subprocess.run([*command, program.name, name, file.name], capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{interpreter}, seed {SEED}")

    def test_every_language_edits_in_turn_with_cpython(self):
        integers = 2**53  # the edits are the same for all
        values = random_values(self.rng, 100, integers=integers)
        shared, alone = fresh_name(), fresh_name()
        theirs, reference = self.cpython(created(values, shared)), self.cpython(created(values, alone))
        self.assertEqual(self.core.do("attach", shared), "ok")
        slots = [int(self.core.do("capacity", i)) for i in range(100)]
        for interpreter in PEERS:
            for editor in (interpreter, "cpython", "core"):
                edits = [(index, random_value(self.rng, most=slots[index], integers=integers))
                         for index in (self.rng.randrange(-100, 100) for _ in range(100))]
                for index, value in edits:
                    reference[index] = values[index] = value
                    if editor == "cpython":
                        theirs[index] = value
                    elif editor == "core":
                        self.assertEqual(self.core.set(index, value), "ok")
                if editor == interpreter:
                    self.edit(interpreter, shared, edits)
                with self.subTest(editor):
                    self.assertSameBytes(shared, alone)
        self.assertSameValues(theirs, values)
        self.assertSameValues(self.core.values(100), values)


print(f"POLYSHM_SEED={SEED}, CPython {sys.version.split()[0]}", flush=True)
unittest.main(argv=[sys.argv[0], "-v"])
