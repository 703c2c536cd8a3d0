"""The polyglot tests' peer in CPython: NAME write|read VALUESFILE and NAME write-list|read-list ITEMSFILE, with
multiprocessing.shared_memory and struct alone."""
import struct
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory, ShareableList

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


ITEMS = {"int": int, "float": float, "bool": lambda word: word == "1", "none": lambda word: None,
         "str": lambda word: bytes.fromhex(word).decode(), "bytes": bytes.fromhex}


def write_list(name, lines):
    items = [ITEMS[kind](*words or [""]) for kind, *words in lines]
    # CPython sizes a slot by code points, and cuts what has more bytes: the slots are made by bytes, then take the text.
    encoded = [item.encode() if isinstance(item, str) else item for item in items]
    made = ShareableList(encoded, name=name)
    own(made.shm)
    for k, item in enumerate(items):
        if isinstance(item, str):
            made[k] = item
    made.shm.close()


def told(item):
    match item:
        case None: return "none"
        case bool(): return f"bool {item:d}"
        case int(): return f"int {item}"
        case float(): return f"float {item:.17g}"
        case str(): return f"str {item.encode().hex()}".rstrip()
        case bytes(): return f"bytes {item.hex()}".rstrip()


def read_list(name):
    found = ShareableList(name=name)
    own(found.shm)
    for item in found:
        print(told(item))
    found.shm.close()


def main(name, verb, values):
    lines = [line.split() for line in open(values)]
    if verb == "write-list":
        return write_list(name, lines)
    if verb == "read-list":
        return read_list(name)
    shm = own(SharedMemory(name, create=True, size=65536) if verb == "write" else SharedMemory(name))
    for k, (dtype, *words) in enumerate(lines):
        if verb == "write":
            write(shm.buf, k * STRIDE, dtype, words)
        else:
            print(dtype, read(shm.buf, k * STRIDE, dtype, words))
    shm.close()


main(*sys.argv[1:])
