"""errors.py: exceptions, and what hostile arguments, objects and bytes come to."""
import errno
import itertools
import math
import pickle
import random
import sys
from fractions import Fraction

import polyshm
from support import Scratch, main


class ErrorsTest(Scratch):
    def test_failures_of_the_system_are_pythons_own(self):
        shm = self.shm()
        error = self.assert_code("EEXIST", FileExistsError, polyshm.SharedMemory.create, shm.name)
        self.assertIn(f'create "{shm.name}"', str(error))
        self.assertEqual(errno.EEXIST, error.errno)
        self.assert_code("ENOENT", FileNotFoundError, polyshm.SharedMemory.attach, self.fresh())
        shm.unlink()
        error = self.assert_code("ESTALE", OSError, shm.resize, 128)
        self.assertIs(polyshm._errors.OSError, type(error))

    def test_misuse_is_pythons_own_classes(self):
        shm = self.shm()
        self.assert_code("INDEX", IndexError, shm.read, 65)
        self.assert_code("RANGE", ValueError, shm.fill, 256)
        self.assert_code("TYPE", TypeError, shm.write, 0, 12)
        self.assert_code("ARGUMENT", ValueError, shm.view, "int9")
        readonly = polyshm.SharedMemory.attach(shm.name, readonly=True)
        self.assert_code("READONLY", TypeError, readonly.write, 0, b"x")
        self.assert_code("READONLY", polyshm.ReadOnlyError, readonly.write, 0, b"x")
        lock = self.make(polyshm.Lock)
        self.assert_code("NOT_OWNER", RuntimeError, lock.release)
        with lock:
            self.assert_code("DEADLOCK", polyshm.DeadlockError, lock.lock)
        self.assert_code("KIND", polyshm.KindError, polyshm.Event.attach, lock.name)
        self.assert_code("CORRUPT", polyshm.CorruptError, polyshm.ShareableList.attach, self.shm(9).name)
        shm.close()
        self.assert_code("CLOSED", polyshm.ClosedError, shm.read)

    def test_one_except_for_all(self):
        caught = []
        for name in ("", self.fresh()):
            try:
                polyshm.SharedMemory.attach(name)
            except polyshm.Error as error:
                caught.append(error.code)
        self.assertEqual(["ARGUMENT", "ENOENT"], caught)

    def test_errors_are_pickled(self):
        for error in (
            self.assert_code("ENOENT", FileNotFoundError, polyshm.SharedMemory.attach, self.fresh()),
            self.assert_code("INDEX", IndexError, self.shm().read, 65),
        ):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(error), error.args, error.code), (type(again), again.args, again.code))

    def test_a_misspelt_option_is_named_with_the_known_ones(self):
        error = self.assert_code("ARGUMENT", TypeError, polyshm.SharedMemory.create, self.fresh(), sise=1)
        self.assertRegex(str(error), "'sise'.*size, mode, exclusive")
        error = self.assert_code("ARGUMENT", TypeError, self.shm().view, "int8", ofset=1)
        self.assertRegex(str(error), "'ofset'.*offset")
        self.assert_code("ARGUMENT", TypeError, self.shm().view, "int8", 0, offset=0)
        self.assert_code("ARGUMENT", TypeError, self.shm().view)
        self.assert_code("ARGUMENT", TypeError, self.shm().view, "int8", 0, 1, 2)

    def test_what_an_arguments_own_code_raises_goes_on(self):
        class Angry:
            def __index__(self):
                raise ZeroDivisionError

            __float__ = __index__

        view = self.shm().view("int32")
        for call in (lambda: view[Angry()], lambda: view.set(0, Angry()), lambda: view.assign([1, Angry()])):
            self.assertRaises(ZeroDivisionError, call)
        self.assertRaises(ZeroDivisionError, self.make(polyshm.Lock).lock, Angry())


class Shrinks:
    """A number whose conversion changes the list that it stands in, or closes what is called."""

    def __init__(self, change):
        self.change = change

    def __index__(self):
        self.change()
        return 1


class Number:
    def __float__(self):
        return 0.5


class HostileTest(Scratch):
    def hostile(self):
        shm = self.shm()
        closed = polyshm.SharedMemory.attach(shm.name)
        closed.close()
        blank = [kind.__new__(kind) for kind in (polyshm.SharedMemory, polyshm.View, polyshm.ShareableList, polyshm.Lock,
                                                 polyshm.Semaphore, polyshm.Event)]
        return [None, True, False, -1, 0, 1, 64, 2**31, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 2**5000, 1.5, -0.0,
                math.nan, math.inf, 1j, Fraction(1, 3), "12", "", "a\0b", "\ud800", "x" * 100_000, "int32", "int9", b"a\0b", b"\xff",
                bytearray(b"ab"), memoryview(b"abcd")[::2], [], [1, None], (), {}, set(), range(3), iter([1]), slice(1, 2), slice(None, None, -1),
                object(), object, len, sys, sys.stdout, Number(), ..., shm, closed, shm.view("int8"), closed.read, shm.buf, *blank]

    # Whatever a call makes of it: an answer, or an error; and the process lives.
    def survive(self, call, *arguments, **options):
        try:
            call(*arguments, **options)
        except (polyshm.Error, TypeError, ValueError, AttributeError, LookupError, BufferError, OverflowError, NotImplementedError):
            pass
        except OSError as error:
            self.assertIsInstance(error, polyshm.Error)

    def assert_survives(self, thing, most, avoid=()):
        values = self.hostile()
        dice = random.Random(1)
        waits = ("lock", "acquire", "wait", "__enter__")
        for word in sorted(set(dir(type(thing))) - set(dir(object)) - set(avoid)):
            try:
                method = getattr(thing, word)
            except polyshm.Error:
                continue
            if not callable(method) or (word in waits and most == 0):
                continue
            for count in range(most + 1):
                if count == 0 and word in waits:
                    continue
                tries = [(value,) for value in values] if count == 1 else [dice.choices(values, k=count) for _ in range(150)]
                for arguments in tries[: 1 if count == 0 else None]:
                    self.survive(method, *arguments)
                    self.survive(method, **dict(zip(("offset", "index", "timeout"), arguments)))

    AVOID = ("create", "attach", "open", "unlink", "unlink_name", "close", "_adopt", "__init_subclass__", "__subclasshook__",
             "__class_getitem__", "create_view", "__exit__", "_create", "_attach", "resize", "get_addr", "_remember", "_flags_of")

    def test_every_argument_of_every_method(self):
        for thing in self.all_kinds()[:3]:
            self.assert_survives(thing, 3, self.AVOID)

    # None of these waits long: what is waited for is there, or a thread has it, or times are over at once.
    def test_every_argument_of_primitives(self):
        lock, semaphore, event = self.primitives()
        event.set()
        for thing in (lock, semaphore, event):
            self.assert_survives(thing, 0, self.AVOID)
        for value in self.hostile():
            if value is None or (isinstance(value, (int, float, Fraction, Number)) and value is not True and value is not False):
                continue
            for call in (lock.lock, semaphore.acquire, event.wait):
                self.survive(call, value)
                self.survive(call, timeout=value)
                self.survive(call, False, value)
            for held in (lock, semaphore):
                self.survive(held.release)

    def test_closed_objects_and_those_of_new_alone(self):
        things = self.all_kinds()
        for thing in things:
            thing.close()
        for thing in [*things, *(kind.__new__(kind) for kind in map(type, things))]:
            self.assert_survives(thing, 2, self.AVOID)
            for word in ("close", "closed", "name", "size", "address", "count", "value", "dtype", "shm", "lock", "__repr__", "buf"):
                self.survive(lambda: getattr(thing, word, None))
            self.survive(repr, thing)
            self.survive(len, thing)
            self.survive(list, thing)
            self.survive(memoryview, thing)
            self.survive(thing.__exit__, None, None, None)
            self.survive(pickle.dumps, thing)

    def test_an_object_is_opened_once(self):
        shm = self.shm()
        shm.write(0, b"kept")
        with self.assertRaises(polyshm.ArgumentError):
            shm.__init__(shm.name)
        self.assertEqual(b"kept", shm.read(0, 4))
        self.assertRaises(TypeError, shm._become, object())
        self.assertRaises(TypeError, shm._become, self.make(polyshm.Lock))

    def test_receivers_of_other_kinds(self):
        for thing, other in itertools.permutations(self.all_kinds(), 2):
            for word in ("close", "name", "_become", "__enter__", "get", "__getitem__", "__len__", "__repr__"):
                found = getattr(type(thing), word, None)
                if found is not None and isinstance(thing, type(other)) is False and callable(found):
                    self.survive(found, other)
                    self.survive(found, object())
        core = polyshm._core
        for word in dir(core):
            if callable(getattr(core, word)) and not isinstance(getattr(core, word), type) and word not in ("set_directory",):
                for value in self.hostile():
                    self.survive(getattr(core, word), value)

    def test_deletion(self):
        for thing in self.all_kinds()[1:3]:
            with self.assertRaises(TypeError):
                del thing[0]
            with self.assertRaises(TypeError):
                del thing[0:1]

    def test_every_argument_of_classes(self):
        kept = [self.shm().name, *(made.name for made in self.primitives())]
        for kind in (polyshm.SharedMemory, polyshm.ShareableList, polyshm.Lock, polyshm.Semaphore, polyshm.Event):
            contents = ([1, "a"],) if kind is polyshm.ShareableList else ()
            for value in self.hostile():
                options = ["mode", "exclusive", "any_owner", "size", "count", "reserve"]
                for option in options:
                    name = self.fresh()
                    self.survive(kind.create, name, *contents, **{option: value})
                    self.survive(kind.open, name, *contents, **{option: value})
                    self.remove(name)
                for name in kept:
                    self.survive(kind.attach, name, any_owner=value)
                    self.survive(kind.attach, name, readonly=value)
                    self.survive(kind.attach, name, timeout=0 if value is None else value) if not isinstance(value, (int, float)) else None
                if value not in ("12", "int32", "int9", None):
                    self.survive(kind.attach, value)
                    self.survive(polyshm.unlink, value)
                    self.survive(kind.create, value, *contents)
                if contents:
                    name = self.fresh()
                    self.survive(kind.create, name, value)
                    self.remove(name)
                    self.survive(kind.create, name, [1, "a", value], reserve=[value, 8, 8])
                    self.remove(name)
        for name in polyshm.segments():
            if name.name in ("12", "int32", "int9", "x"):
                polyshm.unlink(name.name)

    def test_lists_that_change_while_they_are_read(self):
        view = self.shm().view("int32")
        values = [0, 1]
        values += [Shrinks(values.clear), 3, 4]
        self.assert_code("ARGUMENT", ValueError, view.assign, values)
        self.assertEqual([0] * 16, view.tolist())
        values = ["a" * 500, Shrinks(lambda: values.clear()), "b" * 500]
        self.assert_code("ARGUMENT", ValueError, polyshm.ShareableList.create, self.fresh(), values)
        grows = [Shrinks(lambda: grows.append("x" * 10_000)), "b"]
        self.survive(self.make, polyshm.ShareableList, grows)

    def test_what_closes_meanwhile(self):
        shm = self.shm()
        view = shm.view("int32")
        self.assert_code("CLOSED", polyshm.ClosedError, lambda: view[Shrinks(shm.close)])
        shm = self.shm()
        self.assert_code("CLOSED", polyshm.ClosedError, shm.read, Shrinks(shm.close))

    def test_a_list_whose_bytes_are_anything(self):
        items = self.make(polyshm.ShareableList, [1, 2.5, "text", b"\xff", None, True, "x" * 1000])
        shm = polyshm.SharedMemory.attach(items.name)
        whole, dice = shm.read(), random.Random(2)
        for turn in range(2000):
            if turn % 20 == 0:
                shm.write(0, whole)
            data = dice.randbytes(dice.randrange(1, 12))
            shm.write(dice.randrange(shm.size - 12), data)
            self.survive(lambda: polyshm.ShareableList.attach(items.name).tolist())
            for call in (items.tolist, lambda: repr(items), lambda: items.format, lambda: items.index("none"), lambda: items.count(1)):
                self.survive(call)
            for place in range(7):
                self.survive(lambda: items[place])
            self.survive(items.__setitem__, dice.randrange(7), dice.choice([7, "text", None, b"\xfe"]))

    def test_primitives_whose_bytes_are_anything(self):
        dice = random.Random(3)
        for thing in self.primitives():
            shm = polyshm.SharedMemory.attach(thing.name)
            whole = shm.read()
            for turn in range(300):
                if turn % 20 == 0:
                    shm.write(0, whole)
                data = dice.randbytes(dice.randrange(1, 12))
                shm.write(dice.choice([dice.randrange(76), 4096 + dice.randrange(shm.size - 4096 - len(data))]), data)
                self.survive(type(thing).attach, thing.name)
                for word in ("owned", "locked", "dirty", "is_set", "set", "clear", "repaired", "stale"):
                    if hasattr(thing, word):
                        self.survive(getattr(thing, word))
                if hasattr(thing, "acquire"):
                    self.survive(thing.acquire, timeout=0.001)
                    self.survive(thing.release)
                else:
                    self.survive(thing.wait, 0.001)


main()
