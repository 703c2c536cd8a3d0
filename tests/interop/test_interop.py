"""polyshm and stock CPython on one segment, both ways. test_interop.py NAME=COMMAND...: the interpreters to start."""
import os
import subprocess
import sys
import threading
import time
import unittest
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

import _posixshmem
import numpy

PREFIX = f"interop-{os.getpid()}"
INTERPRETERS = dict(argument.split("=", 1) for argument in sys.argv[1:])
LUAS = [name for name in INTERPRETERS if name.startswith("lua")]
RUBIES = [name for name in INTERPRETERS if name.startswith("ruby")]
TCLS = [name for name in INTERPRETERS if name.startswith("tcl")]


def in_language(programs, interpreter):
    """The program for an interpreter, of those by language; a new language must be given one."""
    for language, program in programs.items():
        if interpreter.startswith(language):
            return program
    raise AssertionError(f"{interpreter}: this test has no program in its language, only in {', '.join(programs)}")


def script(interpreter, text, *arguments):
    """Runs a script from standard input or -e, as the language does, and returns what it prints."""
    command = INTERPRETERS[interpreter].split()
    if interpreter.startswith("tcl"):
        text = "set argv [list " + " ".join(arguments) + "]\npackage require polyshm\n" + text
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    elif interpreter.startswith("ruby"):
        done = subprocess.run([*command, "-rpolyshm", "-e", text, *arguments], capture_output=True, text=True, timeout=60)
    else:
        text = "local polyshm = require 'polyshm'\n" + text
        done = subprocess.run([*command, "-", *arguments], input=text, capture_output=True, text=True, timeout=60)
    if done.returncode or done.stderr:
        raise AssertionError(f"{interpreter}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def attached(name):
    """CPython attached as it must be before 3.13, where it would unlink at exit what it merely attached (gh-82300)."""
    shm = SharedMemory(name)
    resource_tracker.unregister(shm._name, "shared_memory")
    return shm


class Interop(unittest.TestCase):
    def setUp(self):
        self.name = f"{PREFIX}-{self.id().rsplit('.', 1)[1]}"

    def tearDown(self):
        if os.path.exists("/dev/shm/" + self.name):
            os.unlink("/dev/shm/" + self.name)

    def test_cpython_makes_and_every_language_reads_and_writes(self):
        programs = {
            "lua": "local s = polyshm.SharedMemory.attach(arg[1]); print(s.size, s:read(0, 5)); s:write(5, arg[2])",
            "ruby": "s = PolyShm::SharedMemory.attach(ARGV[0]); puts \"#{s.size}\\t#{s.read(0, 5)}\"; s.write(5, ARGV[1])",
            "tcl": "set s [polyshm::SharedMemory attach [lindex $argv 0]]; puts [$s size]\\t[$s read 0 5]; $s write 5 [lindex $argv 1]",
        }
        for interpreter in INTERPRETERS:
            with self.subTest(interpreter):
                shm = SharedMemory(self.name, create=True, size=100)
                try:
                    shm.buf[:5] = b"hello"
                    program = in_language(programs, interpreter)
                    self.assertEqual(script(interpreter, program, self.name, "world"), "100\thello")
                    self.assertEqual(bytes(shm.buf[5:10]), b"world")
                    again = attached(self.name)  # a script that attached and ended destroyed nothing
                    again.close()
                finally:
                    shm.close()
                    # The second handle's unregister took the name off the list, so the tracker must know it again.
                    resource_tracker.register(shm._name, "shared_memory")
                    shm.unlink()

    def test_every_language_makes_and_cpython_reads_and_writes(self):
        programs = {
            "lua": "local s = assert(polyshm.SharedMemory.create(arg[1], {size = 100})); s:write(0, 'hello')",
            "ruby": "PolyShm::SharedMemory.create(ARGV[0], size: 100).write(0, 'hello')",
            "tcl": "set s [polyshm::SharedMemory create [lindex $argv 0] -size 100]; $s write 0 hello",
        }
        readers = {
            "lua": "print(polyshm.SharedMemory.attach(arg[1]):read(0, 5))",
            "ruby": "puts PolyShm::SharedMemory.attach(ARGV[0]).read(0, 5)",
            "tcl": "puts [[polyshm::SharedMemory attach [lindex $argv 0]] read 0 5]",
        }
        for interpreter in INTERPRETERS:
            with self.subTest(interpreter):
                script(interpreter, in_language(programs, interpreter), self.name)
                shm = attached(self.name)
                self.assertEqual(shm.size, 100)
                self.assertEqual(bytes(shm.buf[:5]), b"hello")
                shm.buf[:5] = b"world"
                shm.close()
                self.assertEqual(script(interpreter, in_language(readers, interpreter), self.name), "world")
                os.unlink("/dev/shm/" + self.name)

    def test_numpy_array_over_a_segment_made_by_lua(self):
        for lua in LUAS:
            with self.subTest(lua):
                script(lua, """
                    local s = assert(polyshm.SharedMemory.create(arg[1], {size = 8 * 1000}))
                    local v = s:view("float64")
                    for i = 0, 999 do v[i] = i / 8 end""", self.name)
                shm = attached(self.name)
                array = numpy.ndarray((1000,), dtype=numpy.float64, buffer=shm.buf)
                numpy.testing.assert_array_equal(array, numpy.arange(1000) / 8)
                array *= 2
                del array
                shm.close()
                total = script(lua, """
                    local sum = 0
                    for _, x in polyshm.SharedMemory.attach(arg[1]):view("float64"):each() do sum = sum + x end
                    print(string.format("%.17g", sum))""", self.name)
                self.assertEqual(float(total), numpy.arange(1000).sum() / 4)
                os.unlink("/dev/shm/" + self.name)

    def test_numpy_array_read_in_tcl(self):
        array = numpy.linspace(-1, 1, 257)
        for tcl in TCLS:
            with self.subTest(tcl):
                shm = SharedMemory(self.name, create=True, size=array.nbytes)
                try:
                    numpy.ndarray(array.shape, array.dtype, buffer=shm.buf)[:] = array
                    words = script(tcl, """
                        set s [polyshm::SharedMemory attach [lindex $argv 0] -readonly 1]
                        puts [[$s view float64] list]""", self.name)
                    self.assertEqual([float(word) for word in words.split()], array.tolist())
                finally:
                    shm.close()
                    shm.unlink()

    def test_numpy_dtypes_are_ours(self):
        if not RUBIES:
            self.skipTest("no Ruby was found")
        for dtype in "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64".split():
            with self.subTest(dtype):
                array = numpy.array([0, 1, 100], dtype=dtype)
                shm = SharedMemory(self.name, create=True, size=array.nbytes)
                try:
                    numpy.ndarray(array.shape, array.dtype, buffer=shm.buf)[:] = array
                    words = script(RUBIES[0], "puts PolyShm::SharedMemory.attach(ARGV[0]).view(ARGV[1]).to_a.map(&:to_i).join(' ')",
                                   self.name, dtype)
                    self.assertEqual(words, "0 1 100")
                finally:
                    shm.close()
                    shm.unlink()

    def test_names_exclude_one_another(self):
        ruby = RUBIES[0] if RUBIES else self.skipTest("no Ruby was found")
        shm = SharedMemory(self.name, create=True, size=8)
        try:
            self.assertEqual(script(ruby, """
                begin PolyShm::SharedMemory.create(ARGV[0], size: 8)
                rescue Errno::EEXIST => error then puts error.code end""", self.name), "EEXIST")
        finally:
            shm.close()
            shm.unlink()
        script(ruby, "PolyShm::SharedMemory.create(ARGV[0], size: 8)", self.name)
        with self.assertRaises(FileExistsError):
            SharedMemory(self.name, create=True, size=8)
        script(ruby, "PolyShm::SharedMemory.unlink(ARGV[0])", self.name)
        with self.assertRaises(FileNotFoundError):
            SharedMemory(self.name)

    def test_cpython_between_its_two_steps(self):
        """CPython opens, then sizes: an attacher in between waits, or is told that the segment is still empty."""
        ruby = RUBIES[0] if RUBIES else self.skipTest("no Ruby was found")
        file = _posixshmem.shm_open("/" + self.name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        self.assertEqual(script(ruby, """
            begin PolyShm::SharedMemory.attach(ARGV[0])
            rescue SystemCallError => error then puts error.code end""", self.name), "ENODATA")

        def finish():
            time.sleep(0.5)
            os.ftruncate(file, 64)
            os.close(file)

        sizer = threading.Thread(target=finish)
        sizer.start()
        size = script(ruby, "puts PolyShm::SharedMemory.attach(ARGV[0], timeout: 20).size", self.name)
        sizer.join()
        self.assertEqual(size, "64")

    def test_attached_cpython_that_exits_leaves_the_segment(self):
        """The idiom of the docs. Without it, CPython before 3.13 removes the name: that defect is pinned here too."""
        open("/dev/shm/" + self.name, "wb").write(bytes(64))
        careless = f"from multiprocessing.shared_memory import SharedMemory as S; shm = S('{self.name}'); shm.close()"
        careful = (f"from multiprocessing import resource_tracker as t; {careless}; "
                   "t.unregister(shm._name, 'shared_memory')")
        subprocess.run([sys.executable, "-c", careful], check=True, timeout=60, stderr=subprocess.DEVNULL)
        time.sleep(0.5)  # long enough for the tracker to do what it must not
        self.assertTrue(os.path.exists("/dev/shm/" + self.name))
        subprocess.run([sys.executable, "-c", careless], check=True, timeout=60, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20  # its tracker is a process of its own, and takes its time
        while os.path.exists("/dev/shm/" + self.name) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(os.path.exists("/dev/shm/" + self.name))


unittest.main(argv=[sys.argv[0], "-v"])
