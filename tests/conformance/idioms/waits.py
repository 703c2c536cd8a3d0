"""waits.py: waits and long calls, in which other threads run, and which Ctrl-C breaks."""
import gc
import os
import signal
import threading
import time

import polyshm
from support import Scratch, files, main

LARGE = 256 << 20


class Broken(Exception):
    pass


class WaitTest(Scratch):
    def setUp(self):
        super().setUp()
        self.addCleanup(signal.signal, signal.SIGALRM, signal.getsignal(signal.SIGALRM))

    def waits(self):
        """Calls that wait for ever."""
        held = self.make(polyshm.Lock)
        other = polyshm.Lock.attach(held.name)
        self.held = held
        held.lock()
        none = self.make(polyshm.Semaphore)
        none.acquire()
        event, view = self.make(polyshm.Event), self.shm().view("int32")
        return {"lock": other.lock, "acquire": other.acquire, "with": other.__enter__, "permit": none.acquire, "event": event.wait,
                "view": lambda: view.wait(0, 0), "attach": lambda: polyshm.SharedMemory.attach(self.fresh(), timeout=None)}

    def test_a_signal_breaks_every_wait(self):
        def handler(number, frame):
            raise Broken

        signal.signal(signal.SIGALRM, handler)
        for word, wait in self.waits().items():
            with self.subTest(word):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                start = time.monotonic()
                self.assertRaises(Broken, wait)
                self.assertLess(time.monotonic() - start, 5)

    def test_ctrl_c_breaks_every_wait(self):
        for word, wait in self.waits().items():
            with self.subTest(word):
                timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
                timer.start()
                self.assertRaises(KeyboardInterrupt, wait)
                timer.join()

    def test_a_handler_that_returns_breaks_none(self):
        seen = []
        signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
        event = self.make(polyshm.Event)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        start = time.monotonic()
        self.assertIs(False, event.wait(0.2))
        self.assertGreaterEqual(time.monotonic() - start, 0.2)
        self.assertEqual([signal.SIGALRM], seen)

    def test_a_handler_may_close_what_is_waited_for(self):
        event = self.make(polyshm.Event)
        signal.signal(signal.SIGALRM, lambda number, frame: event.close())
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        self.assert_code("CLOSED", polyshm.ClosedError, event.wait, 10)

    def test_a_handler_may_wait_itself(self):
        event, other = self.make(polyshm.Event), self.make(polyshm.Event)

        def handler(number, frame):
            self.assertFalse(other.wait(0.05))
            event.set()

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        self.assertTrue(event.wait(10))

    def ticks_during(self, call):
        ticks, done = [], threading.Event()

        def tick():
            while not done.wait(0.002):
                ticks.append(time.monotonic())

        thread = threading.Thread(target=tick)
        thread.start()
        time.sleep(0.01)
        start = time.monotonic()
        call()
        end = time.monotonic()
        done.set()
        thread.join()
        return sum(start < moment < end for moment in ticks), end - start

    def test_other_threads_run_in_waits(self):
        event, view = self.make(polyshm.Event), self.shm().view("int32")
        for wait in (lambda: event.wait(0.3), lambda: view.wait(0, 0, 0.3)):
            ticks, _ = self.ticks_during(wait)
            self.assertGreater(ticks, 20)

    def test_other_threads_run_in_long_calls(self):
        shm, other = self.shm(LARGE), self.shm(LARGE)
        data = bytes(LARGE)
        for call in (lambda: shm.fill(1), lambda: shm.copy(other), shm.read, lambda: shm.write(0, data), lambda: shm.view("int64").fill(3),
                     lambda: self.shm(LARGE)):
            ticks, seconds = self.ticks_during(call)
            self.assertGreater(ticks, seconds / 0.002 / 40, call)

    def test_a_signal_breaks_long_calls(self):
        shm = self.shm(LARGE)

        def handler(number, frame):
            raise Broken

        def fills():
            while True:
                shm.fill(1)

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        self.assertRaises(Broken, fills)

    def test_another_threads_close_ends_a_wait(self):
        for thing, wait in [(event := self.make(polyshm.Event), event.wait), (view := self.shm().view("int32"), lambda: view.wait(0, 0))]:
            threading.Timer(0.05, thing.close).start()
            self.assert_code("CLOSED", polyshm.ClosedError, wait)

    def test_timeouts(self):
        event = self.make(polyshm.Event)
        for timeout in (0, 0.0, 0.01, 1e-9):
            self.assertIs(False, event.wait(timeout))
        self.assertIs(False, event.wait(timeout=0))
        event.set()
        for timeout in (None, 1e300, float("inf"), 2**70):
            self.assertIs(True, event.wait(timeout))
        for timeout in (-1, -0.5, float("nan"), -(2**70)):
            self.assert_code("RANGE", ValueError, event.wait, timeout)
        for timeout in ("1", b"1", True, [], 1j):
            self.assert_code("TYPE", TypeError, event.wait, timeout)

    def test_acquire_is_threadings(self):
        for thing in self.primitives()[:2]:
            self.assertIs(True, thing.acquire())
            self.assertIs(False, thing.acquire(False))
            self.assertIs(False, thing.acquire(blocking=False))
            other = type(thing).attach(thing.name)
            self.assertIs(False, other.acquire(timeout=0.01))
            self.assertIs(False, other.acquire(True, 0.01))
            self.assertIsNone(thing.release())
            self.assertIs(True, thing.acquire(True, -1))
            thing.release()
            self.assertIs(True, thing.acquire(timeout=None))
            thing.release()
            self.assertRaises(RuntimeError, thing.release)
            self.assert_code("ARGUMENT", ValueError, thing.acquire, False, 1)
            self.assert_code("RANGE", ValueError, thing.acquire, True, -2)
            self.assert_code("ARGUMENT", TypeError, thing.acquire, True, 1, 2)
            self.assert_code("ARGUMENT", TypeError, thing.acquire, True, blocking=True)
            self.assert_code("ARGUMENT", TypeError, thing.acquire, block=True)

    def test_with_gives_it_back_however_it_ends(self):
        lock, semaphore, _ = self.primitives()
        with self.assertRaises(Broken), lock as outcome:
            self.assertEqual("locked", outcome)
            self.assertTrue(lock.owned() and lock.locked())
            raise Broken
        self.assertFalse(lock.locked())
        with lock:
            lock.release()
        with lock:
            lock.close()
        with semaphore:
            self.assertEqual(0, semaphore.value)
        self.assertEqual(1, semaphore.value)
        self.assert_code("CLOSED", polyshm.ClosedError, lock.__enter__)

    def test_a_thread_that_ends_is_dead_for_its_lock(self):
        lock = self.make(polyshm.Lock)
        thread = threading.Thread(target=lock.lock)
        thread.start()
        thread.join()
        with lock as outcome:
            self.assertEqual("recovered", outcome)
            self.assertTrue(lock.dirty())
            lock.repaired()
        self.assertEqual("locked", lock.lock())

    def test_after_fork_a_child_owns_nothing(self):
        lock, semaphore, event = self.primitives()
        semaphore.acquire()
        with lock:
            child = os.fork()
            if child == 0:
                right = not lock.owned() and not lock.acquire(timeout=0) and not semaphore.acquire(timeout=0)
                event.set()
                os._exit(0 if right else 1)
            self.assertTrue(event.wait(10))
            self.assertEqual(0, os.waitpid(child, 0)[1])
            self.assertTrue(lock.owned())

    def test_a_fork_in_a_with(self):
        lock = self.make(polyshm.Lock)
        with lock:
            child = os.fork()
        if child == 0:
            os._exit(0)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        self.assertEqual("locked", lock.lock())

    def test_files_come_back(self):
        kept = self.make(polyshm.Lock)
        kept.lock()  # what a process opens once
        before = files()
        for _ in range(100):
            lock = polyshm.Lock.create(self.fresh())
            lock.unlink()
            with lock:
                pass
            lock.me = lock  # only the collector finds it
        del lock
        gc.collect()
        self.assertEqual(before, files())


main()
