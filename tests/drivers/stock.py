"""A driver of stock CPython, for what it shares with polyshm: its two classes, with struct for values. A partner of the tests,
and none of our languages."""
import errno
import struct
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory, ShareableList

import server

FORMATS = {"int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
           "float32": "f", "float64": "d"}


def own(made):
    """CPython before 3.13 removes at exit what it merely attached (gh-82300): this takes the segment off its list of what to
    remove."""
    resource_tracker.unregister(getattr(made, "shm", made)._name, "shared_memory")
    return made


def list_of(values, name):
    """A list with slots by bytes. CPython makes them by code points, and cuts the text: so they are made for the encoded text,
    and then take the text itself."""
    made = own(ShareableList([value.encode() if isinstance(value, str) else value for value in values], name=name))
    for i, value in enumerate(values):
        if isinstance(value, str):
            made[i] = value
    return made


class Segment:
    def __init__(self, shm):
        self.shm = own(shm)
        self.close = shm.close

    def read(self, offset, length):
        return bytes(self.shm.buf[offset:offset + length])

    def write(self, offset, data):
        self.shm.buf[offset:offset + len(data)] = data

    def view(self, dtype, offset, count):
        return View(self.shm.buf, f"={count}{FORMATS[dtype]}", offset)


class View:
    def __init__(self, buffer, form, offset):
        self.buffer, self.form, self.offset = buffer, form, offset

    def close(self):
        self.buffer = None

    def values(self):
        return list(struct.unpack_from(self.form, self.buffer, self.offset))

    def get(self, index):
        return self.values()[index]

    def set(self, index, number):
        values = self.values()
        values[index] = number
        self.assign(values)

    def assign(self, values):
        struct.pack_into(self.form, self.buffer, self.offset, *values)


class List:
    def __init__(self, made):
        self.list = made
        self.close = made.shm.close

    def get(self, index):
        return self.list[index]

    def set(self, index, value):
        self.list[index] = value

    def values(self):
        return list(self.list)


MAKERS = {("SharedMemory", "create"): lambda name, size: Segment(SharedMemory(name, create=True, size=size)),
          ("SharedMemory", "attach"): lambda name, readonly=False: Segment(SharedMemory(name)),
          ("ShareableList", "create"): lambda name, values: List(list_of(values, name)),
          ("ShareableList", "attach"): lambda name, readonly=False: List(own(ShareableList(name=name)))}


def call(target, method, arguments, keywords):
    made = MAKERS[target, method] if isinstance(target, str) else getattr(target, method)
    return made(*arguments, **keywords)


def error(exception):
    return (errno.errorcode[exception.errno], str(exception)) if isinstance(exception, OSError) and exception.errno else None


if __name__ == "__main__":
    server.serve(f"cpython cpython{sys.version_info[0]}.{sys.version_info[1]}", call, error)
