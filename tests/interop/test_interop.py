"""polyshm and stock CPython on one segment, both ways, in every language. test_interop.py NAME=DRIVER..."""
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

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers"))
import client
import protocol
import stock

PREFIX = f"interop-{os.getpid()}"
COMMANDS = client.commands(sys.argv[1:])


def attached(name):
    return stock.own(SharedMemory(name))


class Interop:
    """Of one language: `command` is its driver's."""

    def setUp(self):
        self.name = f"{PREFIX}-{self._testMethodName}"
        self.driver = client.Driver(self.command)
        self.do, self.code = self.driver.do, self.driver.code

    def tearDown(self):
        if not self.driver.dead:
            self.assertEqual(self.driver.end(), 0)
        if os.path.exists("/dev/shm/" + self.name):
            os.unlink("/dev/shm/" + self.name)

    def read(self, statement):
        return protocol.bytes_of(self.do(statement))

    def test_cpython_makes_and_every_language_reads_and_writes(self):
        shm = SharedMemory(self.name, create=True, size=100)
        try:
            shm.buf[:5] = b"hello"
            self.do("s = SharedMemory.attach %", self.name)
            self.assertEqual(self.do("s.size"), 100)
            self.assertEqual(self.read("s.read 0 5"), b"hello")
            self.do("s.write 5 %", "world")
            self.assertEqual(bytes(shm.buf[5:10]), b"world")
            self.assertEqual(self.driver.end(), 0)
            again = attached(self.name)  # a program that attached and ended destroyed nothing
            again.close()
        finally:
            shm.close()
            # The second handle's unregister took the name off the list, so the tracker must know it again.
            resource_tracker.register(shm._name, "shared_memory")
            shm.unlink()

    def test_every_language_makes_and_cpython_reads_and_writes(self):
        self.do("s = SharedMemory.create % size=100", self.name)
        self.do("s.write 0 %", "hello")
        shm = attached(self.name)
        self.assertEqual(shm.size, 100)
        self.assertEqual(bytes(shm.buf[:5]), b"hello")
        shm.buf[:5] = b"world"
        shm.close()
        self.assertEqual(self.read("s.read 0 5"), b"world")

    def test_numpy_array_over_a_segment_that_a_language_made(self):
        self.do("s = SharedMemory.create % size=8000", self.name)
        self.do('v = s.view "float64"')
        self.do("v.assign %", [i / 8 for i in range(1000)])
        shm = attached(self.name)
        array = numpy.ndarray((1000,), dtype=numpy.float64, buffer=shm.buf)
        numpy.testing.assert_array_equal(array, numpy.arange(1000) / 8)
        array *= 2
        del array
        shm.close()
        self.assertEqual(self.do("v.values"), (numpy.arange(1000) / 4).tolist())

    def test_numpy_array_read_in_every_language(self):
        array = numpy.linspace(-1, 1, 257)
        shm = SharedMemory(self.name, create=True, size=array.nbytes)
        try:
            numpy.ndarray(array.shape, array.dtype, buffer=shm.buf)[:] = array
            self.do("s = SharedMemory.attach % readonly=true", self.name)
            self.do('v = s.view "float64"')
            self.assertEqual(self.do("v.values"), array.tolist())
        finally:
            shm.close()
            shm.unlink()

    def test_numpy_dtypes_are_ours(self):
        for dtype in "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64".split():
            with self.subTest(dtype):
                array = numpy.array([0, 1, 100], dtype=dtype)
                shm = SharedMemory(self.name, create=True, size=array.nbytes)
                try:
                    numpy.ndarray(array.shape, array.dtype, buffer=shm.buf)[:] = array
                    self.do("s = SharedMemory.attach %", self.name)
                    self.do("v = s.view %", dtype)
                    self.assertEqual(self.do("v.dtype"), dtype)
                    self.assertEqual(self.do("v.values"), [0, 1, 100])
                finally:
                    shm.close()
                    shm.unlink()

    def test_names_exclude_one_another(self):
        shm = SharedMemory(self.name, create=True, size=8)
        try:
            self.assertEqual(self.code("SharedMemory.create % size=8", self.name), "EEXIST")
        finally:
            shm.close()
            shm.unlink()
        self.do("SharedMemory.create % size=8", self.name)
        with self.assertRaises(FileExistsError):
            SharedMemory(self.name, create=True, size=8)
        self.do("SharedMemory.unlink %", self.name)
        with self.assertRaises(FileNotFoundError):
            SharedMemory(self.name)

    def test_cpython_between_its_two_steps(self):
        """CPython opens, then sizes: an attacher in between waits, or is told that the segment is still empty."""
        file = _posixshmem.shm_open("/" + self.name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        self.assertEqual(self.code("SharedMemory.attach %", self.name), "ENODATA")

        def finish():
            time.sleep(0.3)
            os.ftruncate(file, 64)
            os.close(file)

        sizer = threading.Thread(target=finish)
        sizer.start()
        self.do("s = SharedMemory.attach % timeout=20", self.name)
        sizer.join()
        self.assertEqual(self.do("s.size"), 64)


class CPython(unittest.TestCase):
    def test_attached_cpython_that_exits_leaves_the_segment(self):
        """The idiom of the docs. Without it, CPython before 3.13 removes the name: that defect is pinned here too."""
        self.name = f"{PREFIX}-cpython"
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


for name, command in COMMANDS.items():
    title = f"Interop_{name}"
    globals()[title] = type(title, (Interop, unittest.TestCase), {"command": command})

unittest.main(argv=[sys.argv[0], "-v"])
