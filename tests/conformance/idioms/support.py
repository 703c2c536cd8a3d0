"""What the tests of Python's own share: names that are removed, and a look at what is left."""
import os
import subprocess
import sys
import textwrap
import unittest

import polyshm

PREFIX = f"polyshm-idioms-{os.getpid()}"


def names():
    return sorted(segment.name for segment in polyshm.segments() if segment.name.startswith(PREFIX))


def files():
    return len(os.listdir("/proc/self/fd"))


class Scratch(unittest.TestCase):
    """A test with names of its own; it fails if it leaves one behind."""

    count = 0

    def setUp(self):
        self.addCleanup(self.nothing_is_left)

    def nothing_is_left(self):
        left = names()
        for name in left:
            polyshm.unlink(name)
        self.assertEqual([], left)

    def fresh(self):
        Scratch.count += 1
        return f"{PREFIX}.{Scratch.count}"

    def make(self, kind, *contents, **options):
        made = kind.create(self.fresh(), *contents, **options)
        self.addCleanup(self.remove, made.name)
        return made

    @staticmethod
    def remove(name):
        try:
            polyshm.unlink(name)
        except FileNotFoundError:
            pass

    def shm(self, size=64, **options):
        return self.make(polyshm.SharedMemory, size=size, **options)

    def primitives(self):
        return [self.make(kind) for kind in (polyshm.Lock, polyshm.Semaphore, polyshm.Event)]

    def all_kinds(self):
        shm = self.shm()
        return [shm, shm.view("int32"), self.make(polyshm.ShareableList, [1, 2.5, "text", b"\xff", None, True]), *self.primitives()]

    def assert_code(self, code, kind, call, *arguments, **options):
        with self.assertRaises(kind) as caught:
            call(*arguments, **options)
        self.assertIsInstance(caught.exception, polyshm.Error)
        self.assertEqual(code, caught.exception.code)
        return caught.exception

    def run_python(self, program, *arguments, **options):
        """Another Python, which runs the program, and is awaited."""
        words = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(program), *map(str, arguments)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, **options)


main = unittest.main
