"""module.py: what the package shows, and says of itself."""
import ast
import inspect
import os
import pathlib
import subprocess
import sys

import polyshm
from support import PREFIX, Scratch, main

KINDS = ("SharedMemory", "View", "ShareableList", "Lock", "Semaphore", "Event")


def hinted():
    """{class: names} of the hints, with what a class inherits there, and the module's own names under ""."""
    tree = ast.parse((pathlib.Path(polyshm.__file__).parent / "__init__.pyi").read_text())
    found = {"": {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            inherited = [found.get(getattr(base, "id", None), set()) for base in node.bases]
            found[node.name] = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}.union(*inherited)
    return found


class ModuleTest(Scratch):
    def test_hints_name_all_that_there_is_and_no_more(self):
        found = hinted()
        for kind in KINDS:
            public = {word for word in dir(getattr(polyshm, kind)) if not word.startswith("_")}
            self.assertEqual(public, {word for word in found[kind] if not word.startswith("_")}, kind)
        public = {word for word in dir(polyshm) if not word.startswith("_") and getattr(getattr(polyshm, word), "__module__", "").startswith("polyshm")
                  and word not in ("base", "shared_memory")}
        self.assertLessEqual(public | {"directory", "set_directory", "page_size"}, found[""])

    def test_all_has_documentation(self):
        for kind in (getattr(polyshm, name) for name in KINDS):
            self.assertTrue(kind.__doc__)
            for word in dir(kind):
                if not word.startswith("_"):
                    self.assertTrue(getattr(kind, word).__doc__, f"{kind.__name__}.{word}")

    def test_classes_know_their_place(self):
        for kind in (getattr(polyshm, name) for name in KINDS):
            self.assertEqual(("polyshm", kind.__name__), (kind.__module__, kind.__qualname__))
            self.assertEqual(kind.__name__, repr(self.all_kinds()[KINDS.index(kind.__name__)]).partition("(")[0])

    def test_facts(self):
        self.assertRegex(polyshm.__version__, r"^\d+\.\d+\.\d+$")
        self.assertEqual(os.sysconf("SC_PAGESIZE"), polyshm.page_size())
        self.assertEqual("/dev/shm", polyshm.directory())

    def test_segments(self):
        shm, lock = self.shm(123, mode=0o640), self.make(polyshm.Lock)
        found = {segment.name: segment for segment in polyshm.segments() if segment.name.startswith(PREFIX)}
        self.assertEqual((shm.name, "SharedMemory", 123, 0o640, os.getuid()), found[shm.name])
        self.assertEqual("Lock", found[lock.name].kind)

    def test_names_that_are_no_utf8(self):
        name = os.fsdecode(os.fsencode(PREFIX) + b".\xff\xfe")
        with open(b"/dev/shm/" + os.fsencode(name), "wb") as file:
            file.write(b"hello")
        self.addCleanup(self.remove, name)
        shm = polyshm.SharedMemory.attach(name)
        self.assertEqual((name, b"hello"), (shm.name, shm.read()))
        self.assertIn(name, [segment.name for segment in polyshm.segments()])
        repr(shm)

    def test_unlinking(self):
        with polyshm.unlinking(polyshm.SharedMemory.create(self.fresh())) as shm:
            self.assertFalse(shm.closed)
        self.assertTrue(shm.closed)
        with self.assertRaises(ZeroDivisionError), polyshm.unlinking(polyshm.Lock.create(self.fresh())) as lock:
            lock.unlink()
            raise ZeroDivisionError

    def test_with_closes_and_keeps_the_name(self):
        with self.shm() as shm, shm.view("int8") as view:
            view[0] = 1
        self.assertTrue(shm.closed and view.closed)
        polyshm.SharedMemory.attach(shm.name)

    def test_slices(self):
        view = self.shm().view("int32", count=10)
        view[:] = range(10)
        self.assertEqual([2, 3, 4], view[2:5])
        self.assertEqual([9, 7, 5, 3, 1], view[::-2])
        self.assertEqual(([], 9, 8), (view[5:2], view[-1], view[-2]))
        view[::2] = (value * 10 for value in range(5))
        self.assertEqual([0, 1, 10, 3, 20, 5, 30, 7, 40, 9], list(view))
        self.assert_code("ARGUMENT", ValueError, view.__setitem__, slice(0, 3), [1])
        self.assertRaises(IndexError, view.__getitem__, -11)
        self.assertIn(40, view)
        self.assertEqual([9, 40], list(reversed(view))[:2])
        items = self.make(polyshm.ShareableList, [0, "b", None])
        items[1:] = ["c", 2.5]
        self.assertEqual(([0, "c"], 2.5), (items[:2], items[-1]))

    def test_signatures_of_cpython(self):
        self.assertEqual(["name", "create", "size", "track"], list(inspect.signature(polyshm.shared_memory.SharedMemory).parameters))

    def test_another_interpreter_of_the_process_is_refused(self):
        program = """
        import polyshm
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        made = interpreters.create(*(["legacy"] if hasattr(interpreters, "new_config") else []), **({} if hasattr(interpreters, "new_config") else {"isolated": False}))
        script = "try:\\n import polyshm\\nexcept ImportError as error:\\n print(error)\\nelse:\\n raise SystemExit('it was not refused')"
        run = getattr(interpreters, "run_string")
        failed = run(made, script)
        assert not failed, failed
        polyshm.segments()
        """
        done = self.run_python(program)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("polyshm", done.stdout)


import polyshm.shared_memory  # noqa: E402

main()
