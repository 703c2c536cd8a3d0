"""memory.py: nothing is kept that was dropped, whether calls succeed or fail."""
import gc
import os
import resource
import sys
import weakref

import polyshm
from support import Scratch, files, main


def pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])


class MemoryTest(Scratch):
    def assert_keeps_nothing(self, call, times=3000):
        """Blocks of Python's, and memory in all, are as before. Python's own caches grow in the first rounds, what leaks in each."""
        grown = []
        for _ in range(4):
            gc.collect()
            blocks, before = sys.getallocatedblocks(), pages()
            for _ in range(times):
                call()
            gc.collect()
            grown.append((sys.getallocatedblocks() - blocks, pages() - before))
        self.assertLess(min(blocks for blocks, _ in grown), times // 20, grown)
        if "asan" not in os.environ.get("LD_PRELOAD", ""):  # AddressSanitizer keeps what is freed for a while
            self.assertLess(min(more for _, more in grown), 256, grown)

    def failing(self, call, *arguments, **options):
        def fails():
            try:
                call(*arguments, **options)
            except (polyshm.Error, TypeError, ValueError):
                return
            self.fail("it succeeded")

        return fails

    def test_calls_that_succeed(self):
        shm = self.shm(4096)
        view, items = shm.view("int64"), self.make(polyshm.ShareableList, [1, 2.5, "text" * 100, b"\xff", None, True])
        lock, semaphore, event = self.primitives()
        event.set()

        def with_all():
            with lock, semaphore, shm.lock:
                pass

        data = bytearray(100)
        for call in (shm.read, lambda: shm.write(0, data), lambda: shm.buf[3:5], lambda: shm.view("int8"), lambda: view[2:20:3],
                     lambda: view.assign(range(1000, 1300)), view.tolist, lambda: view.add(0, 1000), items.tolist, lambda: items.index(True),
                     lambda: items.assign((7, 2.5, "x" * 50)), lambda: repr(items), lambda: items.format, polyshm.segments, with_all, event.wait,
                     lambda: lock.acquire(timeout=1) and lock.release(), lambda: memoryview(view), lambda: view.fill(2**40),
                     lambda: shm.get_value("uint64", 8), lambda: shm.set_value("float32", 1, 0.5), polyshm.directory, lambda: shm.name):
            self.assert_keeps_nothing(call)

    def test_calls_that_fail(self):
        shm = self.shm(4096)
        view, items = shm.view("int64"), self.make(polyshm.ShareableList, [1, "text"])
        for call in (self.failing(shm.read, 5000), self.failing(shm.write, 5000, bytearray(10)), self.failing(shm.write, 0, "text"),
                     self.failing(view.assign, [1000] * 100 + ["x"]), self.failing(items.assign, ["x" * 10, object()]),
                     self.failing(view.__getitem__, 2**70), self.failing(shm.view, "int9"), self.failing(polyshm.SharedMemory.attach, "none"),
                     self.failing(polyshm.SharedMemory.create, shm.name), self.failing(view.tolist, 0, 2**40), self.failing(shm.view, "int8", 0, x=1),
                     self.failing(polyshm.ShareableList.create, shm.name, ["x" * 1000, 1]), self.failing(memoryview, polyshm.View.__new__(polyshm.View)),
                     self.failing(shm.__init__, shm.name), self.failing(polyshm.SharedMemory, "a\0b"), self.failing(view.set, 0, 1j)):
            self.assert_keeps_nothing(call)

    def test_objects(self):
        name, items, lock = self.shm().name, self.make(polyshm.ShareableList, [1]).name, self.make(polyshm.Lock).name
        gc.collect()
        before = files()

        def attach():
            shm = polyshm.SharedMemory(name)
            shm.me = shm.view("int8")  # a circle
            polyshm.ShareableList.attach(items).shm.read()
            polyshm.Lock.attach(lock).acquire(timeout=0)

        self.assert_keeps_nothing(attach, 500)
        self.assertEqual(before, files())

    def test_arguments_are_let_go_of(self):
        shm, data = self.shm(), bytearray(b"data")
        count = sys.getrefcount(data)
        shm.write(0, data)
        self.failing(shm.write, 100, data)()
        self.assertEqual(count, sys.getrefcount(data))
        data.clear()

    def test_a_buffer_keeps_its_object_and_no_longer(self):
        class Noticed(polyshm.SharedMemory):
            pass

        shm = self.make(Noticed)
        gone = weakref.ref(shm)
        there = memoryview(shm.view("int8"))
        del shm
        self.assertIsNotNone(gone())
        del there
        self.assertIsNone(gone())

    def test_dropped_objects_in_circles_are_collected_where_files_run_out(self):
        lock, before = self.make(polyshm.Lock), resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(10**6)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files() + 20, before[1]))
        for _ in range(100):
            other = polyshm.Lock.attach(lock.name)
            other.me = other
            with other:
                pass


main()
