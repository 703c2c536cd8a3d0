"""Named shared memory: one segment for Python, Ruby, Lua, Tcl, C and CPython's multiprocessing.shared_memory.

bindings/python/README.md is the manual."""

import contextlib
from collections import namedtuple

from . import _core, _errors, _facade
from ._core import directory, page_size, set_directory
from ._errors import (ArgumentError, ClosedError, CorruptError, DeadlockError, Error, IncompatibleError, KindError, NotOwnerError,
                      RangeError, ReadOnlyError)
from ._facade import FACTS, base

__version__ = _core.version()

SegmentInfo = namedtuple("SegmentInfo", "name kind size mode owner")


def segments():
    """Every name there is, of all users, in no order."""
    return [SegmentInfo(*fields) for fields in _core.each_segment()]


def unlink(name):
    """Removes a name, whatever it means; those who are attached keep their memory."""
    _core.SharedMemory.unlink_name(name)


@contextlib.contextmanager
def unlinking(thing):
    """`with unlinking(SharedMemory.create("x")) as shm:` closes it at the end, and removes its name, too."""
    try:
        yield thing
    finally:
        thing.close()
        with contextlib.suppress(FileNotFoundError):
            thing.unlink()


class SharedMemory(base("segment")):
    """A named segment: bytes that every process sees which attaches to the name. Offsets and lengths are bytes, from 0 on.

    It lives until it is unlinked, whoever exits: `del` and `with` close it, and never unlink."""

    buf = property(memoryview, doc="A memoryview on the bytes themselves. It outlives close(), and then shows no more than zeros.")

    def get_addr(self):
        """The address, as an int."""
        return self.address

    def get_value(self, dtype, offset):
        """One number at any offset; or, with an int first, (offset, count) bytes: one of them as an int."""
        if isinstance(dtype, str):
            return super().get_value(dtype, offset)
        found = self.read(dtype, offset)
        return found[0] if len(found) == 1 else found

    @contextlib.contextmanager
    def create_view(self, kind, dtype="uint8", shape=None, offset=0):
        """`with shm.create_view(numpy.ndarray) as array:` lends a numpy array on the bytes themselves."""
        import numpy

        array = numpy.frombuffer(self, numpy.dtype(dtype), -1 if shape is None else int(numpy.prod(shape)), offset)
        yield (array if shape is None else array.reshape(shape)).view(kind)


class View(base("view")):
    """A typed window on a segment, which SharedMemory.view makes. numpy.asarray(view) is on the bytes themselves.

    view[-1] is the last element; get() and set() count from 0 alone. It keeps its segment's object, not its memory."""

    def __init__(self, *arguments, **options):
        raise _errors.misuse("TypeError", "TYPE", "View: SharedMemory.view() makes them")

    def __repr__(self):
        return f"View({self.dtype!r}, count={self.count}, offset={self.offset}{', closed' * self.closed})"


class ShareableList(base("list")):
    """CPython's list: of fixed length, of int, float, bool, None, str and bytes, each in a slot of fixed size."""

    def __init__(self, sequence=None, *, name=None):
        """CPython's constructor: a sequence makes a list, a name alone attaches to one."""
        if sequence is None and name is not None:
            self._become(self._attach(self._core, name))
        else:
            self._become(self._create(self._core, name, (() if sequence is None else sequence,)))

    def index(self, value):
        """The index of the first item that equals the value: 2 is 2.0, and str is never bytes."""
        found = super().index(value)
        if found < 0:
            raise ValueError(f"{value!r} is not in {self!r}")
        return found

    def packing_format(self, index):
        """An item's format, in the words of the module struct."""
        return super().format(index)

    @property
    def format(self):
        """The formats of all items."""
        return "".join(map(self.packing_format, range(len(self))))

    def __repr__(self):
        return f"{type(self).__name__}({'closed' if self.closed else self.tolist()}, name={self.name!r})"


class Lock(base("lock")):
    """Mutual exclusion between processes that survives a killed owner: who locks it next is told "recovered".

    A thread owns it through a handle, and it is not re-entrant. `with lock as outcome:` and acquire() work as threading's do."""


class Semaphore(base("semaphore")):
    """A fixed number of permits, which come back when their holder dies."""


class Event(base("event")):
    """A flag that processes wait for, as threading.Event. Nobody owns it, so nobody's death matters to it."""


# A class that needs no Python of its own is its base.
for _kind, _told in FACTS.items():
    for _name in _told.get("class", ()):
        if _name not in globals():
            globals()[_name] = base(_kind)
        getattr(_core, _name)._adopt(globals()[_name])
del _kind, _told, _name
