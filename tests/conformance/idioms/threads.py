"""threads.py: threads that use, close and drop the same objects, and interpreters that end meanwhile."""
import random
import sys
import threading
import time

import polyshm
from support import Scratch, main

SECONDS = 1.0


class ThreadsTest(Scratch):
    def together(self, *calls):
        """Calls each in two threads again and again, for a while; whatever else than our errors they raise fails the test."""
        failures, end = [], time.monotonic() + SECONDS

        def run(call):
            try:
                while time.monotonic() < end and not failures:
                    try:
                        call()
                    except (polyshm.ClosedError, polyshm.NotOwnerError, polyshm.DeadlockError):
                        pass
            except BaseException as failure:
                failures.append(failure)

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        threads = [threading.Thread(target=run, args=(call,)) for call in calls * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        sys.setswitchinterval(before)
        self.assertEqual([], failures)

    def test_the_same_object(self):
        name = self.shm(4096).name
        held = [polyshm.SharedMemory.attach(name)]

        def renew():
            held[0].close()
            held[0] = polyshm.SharedMemory.attach(name)

        def views():
            view = held[0].view("int64")
            view[3] += 1
            view.tolist()
            memoryview(view)[3] = 1

        def bytes_():
            held[0].write(8, held[0].read(0, 100))
            bytes(held[0].buf)

        def lock():
            with held[0].lock:
                pass

        self.together(renew, views, bytes_, lock)

    def test_primitives(self):
        names = [thing.name for thing in self.primitives()]
        kinds = (polyshm.Lock, polyshm.Semaphore, polyshm.Event)
        held = [kind.attach(name) for kind, name in zip(kinds, names)]

        def renew():
            place = random.randrange(3)
            held[place].close()
            held[place] = kinds[place].attach(names[place])

        def lock():
            with held[0]:
                held[0].owned()

        def permit():
            if held[1].acquire(timeout=0.01):
                held[1].release()

        def event():
            held[2].set()
            held[2].wait(0.01)
            held[2].clear()

        self.together(renew, lock, permit, event)

    def test_each_counts_right(self):
        shm = self.shm()
        lock, view = self.make(polyshm.Lock), shm.view("int64")
        own = threading.local()

        def add():
            if not hasattr(own, "lock"):
                own.lock = polyshm.Lock.attach(lock.name)
            with own.lock:
                view[0] += 1
            view.add(1, 1)

        self.together(add, add)
        self.assertEqual(view[0], view[1])
        self.assertGreater(view[0], 100)

    def test_one_loader_of_many(self):
        done = self.run_python("""
        import importlib, threading
        found = []
        threads = [threading.Thread(target=lambda: found.append(importlib.import_module("polyshm"))) for _ in range(16)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert len(found) == 16 and len(set(map(id, found))) == 1
        """)
        self.assertEqual(0, done.returncode, done.stderr)

    def test_an_import_anew(self):
        done = self.run_python("""
        import sys, polyshm
        first = polyshm
        shm = polyshm.SharedMemory.create()
        shm.unlink()
        for name in [name for name in sys.modules if name.startswith("polyshm")]:
            del sys.modules[name]
        import polyshm
        assert polyshm is not first
        other = polyshm.SharedMemory.create()
        other.unlink()
        for module, thing in ((first, shm), (polyshm, other)):
            thing.view("int8")[0] = 1
            try:
                thing.read(10 ** 6)
            except IndexError as error:
                assert error.code == "INDEX"
        """)
        self.assertEqual(0, done.returncode, done.stderr)

    def test_an_interpreter_that_ends_in_a_wait(self):
        lock = self.make(polyshm.Lock)
        for _ in range(5):
            done = self.run_python("""
            import sys, threading, time, polyshm
            lock, event = polyshm.Lock.attach(sys.argv[1]), polyshm.Event.create()
            event.unlink()
            lock.lock()
            for wait in (event.wait, polyshm.Lock.attach(sys.argv[1]).lock, lambda: polyshm.SharedMemory.attach("none", timeout=None)):
                threading.Thread(target=wait, daemon=True).start()
            time.sleep(0.1)
            """, lock.name)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            with lock as outcome:
                self.assertEqual("recovered", outcome)
                lock.repaired()


main()
