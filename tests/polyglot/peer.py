"""The polyglot tests' peer in CPython: NAME write|read VALUESFILE, with multiprocessing.shared_memory and struct alone."""
import struct
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

FORMATS = {"int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
           "float32": "f", "float64": "d"}
STRIDE = 256


def own(shm):
    """Python before 3.13 unlinks at exit whatever it attached; this takes the segment off its list."""
    resource_tracker.unregister(shm._name, "shared_memory")
    return shm


def write(buffer, offset, dtype, words):
    if dtype == "bytes":
        data = bytes.fromhex(words[0])
    else:
        number = float if dtype.startswith("float") else int
        data = struct.pack(f"={len(words)}{FORMATS[dtype]}", *map(number, words))
    buffer[offset:offset + len(data)] = data


def read(buffer, offset, dtype, words):
    if dtype == "bytes":
        return bytes(buffer[offset:offset + len(words[0]) // 2]).hex()
    form = "%.17g" if dtype.startswith("float") else "%d"
    numbers = struct.unpack_from(f"={len(words)}{FORMATS[dtype]}", buffer, offset)
    return " ".join(form % number for number in numbers)


def main(name, verb, values):
    lines = [line.split() for line in open(values)]
    shm = own(SharedMemory(name, create=True, size=65536) if verb == "write" else SharedMemory(name))
    for k, (dtype, *words) in enumerate(lines):
        if verb == "write":
            write(shm.buf, k * STRIDE, dtype, words)
        else:
            print(dtype, read(shm.buf, k * STRIDE, dtype, words))
    shm.close()


main(*sys.argv[1:])
