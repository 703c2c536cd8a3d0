"""drop_in.py: CPython's own tests of its shared memory, against polyshm.shared_memory in its place, under fork and under spawn.

A test whose name stands in DIFFERENT must fail, and an assertion whose values stand in UNEQUAL must find them so:
docs/coming-from.md says why. Debian has the tests in
libpython3.11-testsuite, and other versions have theirs likewise."""

import contextlib
import multiprocessing
import multiprocessing.managers
import os
import sys
import unittest
import unittest.mock

import polyshm
from polyshm import shared_memory

sys.modules["multiprocessing.shared_memory"] = multiprocessing.shared_memory = shared_memory
multiprocessing.managers.shared_memory = shared_memory

try:
    import test._test_multiprocessing as suite
    import test.support.script_helper
except ImportError:
    print("skipped: this Python has no test._test_multiprocessing: install libpython3.x-testsuite")
    sys.exit(0)
suite.shared_memory = shared_memory

DIFFERENT = {
    "test_shared_memory_cleaned_after_process_termination": "no tracker unlinks what a killed program leaves",
    "test_shared_memory_tracking": "track=True is accepted, and nothing tracks",
    "test_shared_memory_name_with_embedded_null": "unlink removes its own segment's name, whatever _name was changed to",
}
UNEQUAL = {
    "test_shared_memory_ShareableList_basics": ("8s8sdq8sxxxxxxx?q", "16s8sdq8sxxxxxxx?q"),  # slots are for bytes, not for characters
}

# The programs that the tests start find the same in place of CPython's.
BEGINNING = f"""import sys
sys.path[:0] = {[path for path in os.environ["PYTHONPATH"].split(os.pathsep) if path]!r}
import multiprocessing, multiprocessing.managers
from polyshm import shared_memory
sys.modules["multiprocessing.shared_memory"] = multiprocessing.shared_memory = shared_memory
multiprocessing.managers.shared_memory = shared_memory
"""


def with_beginning(call):
    """The call, with BEGINNING before the program that follows -c among its arguments."""

    def changed(*words, **options):
        if words and isinstance(words[0], list):
            return call(changed_words(words[0]), *words[1:], **options)
        return call(*changed_words(words), **options)

    return changed


def changed_words(words):
    words = list(words)
    for place in range(len(words) - 1):
        if words[place] == "-c" and "multiprocessing" in words[place + 1] and "resource_tracker import main" not in words[place + 1]:
            words[place + 1] = BEGINNING + words[place + 1]
    return words


def different(name):
    """The test, which must fail."""

    def run(self):
        print(f"{self.METHOD} {name}: differs: {DIFFERENT[name]}")
        used, initial = set(), shared_memory.SharedMemory.__init__

        def record(shm, *words, **options):
            initial(shm, *words, **options)
            used.add(shm.name)

        with unittest.mock.patch("test.support.LONG_TIMEOUT", 1), unittest.mock.patch.object(shared_memory.SharedMemory, "__init__", record):
            with self.assertRaises(Exception):
                getattr(suite._TestSharedMemory, name)(self)
        self._cleanups.clear()  # some of them count on what is different
        for left in used:
            with contextlib.suppress(FileNotFoundError):
                polyshm.unlink(left)

    return run


def unequal(name):
    """The test, in which one assertion finds two values different that CPython has equal."""

    def run(self):
        found = []

        def compare(first, second, *words):
            if (first, second) == UNEQUAL[name]:
                return found.append(first)
            return unittest.TestCase.assertEqual(self, first, second, *words)

        print(f"{self.METHOD} {name}: differs: {' is not '.join(UNEQUAL[name])}")
        with unittest.mock.patch.object(self, "assertEqual", compare):
            getattr(suite._TestSharedMemory, name)(self)
        self.assertTrue(found)

    return run


def tests(method):
    members = {}
    for names, change in ((DIFFERENT, different), (UNEQUAL, unequal)):
        members.update({name: change(name) for name in names if hasattr(suite._TestSharedMemory, name)})

    def setUp(self):
        super(type(self), self).setUp()
        multiprocessing.set_start_method(method, force=True)

    members.update(METHOD=method, TYPE="processes", setUp=setUp)
    return type(f"{method.title()}Test", (suite._TestSharedMemory, suite.ProcessesMixin, unittest.TestCase), members)


if __name__ == "__main__":
    ForkTest, SpawnTest = tests("fork"), tests("spawn")
    test.support.script_helper.assert_python_ok = with_beginning(test.support.script_helper.assert_python_ok)
    suite.subprocess.Popen = with_beginning(suite.subprocess.Popen)
    unittest.main(verbosity=2)
