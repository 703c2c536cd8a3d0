"""Objects as docs/layouts.md describes them: what is here was written from that text alone, and polyshm must agree with it.
test_layout.py LIBPOLYSHM: the shared library."""
import ctypes
import fcntl
import mmap
import os
import struct
import sys
import time
import unittest

PREFIX = f"layout-{os.getpid()}"
HEADER = struct.Struct("=8sIHHI4sQ16sQII")
BODY = 4096
KINDS = {"lock": b"LOCK", "semaphore": b"SEMA", "event": b"EVNT"}
TAGS = {"lock": b"LCK1", "semaphore": b"SEM1", "event": b"EVT1"}
SLEEPERS = 1 << 31
POLYSHM = ctypes.CDLL(sys.argv.pop(1))
POLYSHM.polyshm_last_error.restype = ctypes.c_char_p


# ---- what the text says ----

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def made_header(kind, size, major=1, minor=0, order=0x01020304):
    fields = HEADER.pack(b"POLYSHM\0", order, major, minor, BODY, KINDS[kind], size, os.urandom(16), time.time_ns(), os.getuid(), 0)
    return fields[:60] + struct.pack("=I", crc32c(fields[:60]))


def made_object(kind, count=3, **header):
    """A whole object's bytes."""
    body = bytearray(64 + (4 * count if kind == "semaphore" else 0))
    body[4:8] = TAGS[kind]
    if kind == "semaphore":
        body[8:12] = struct.pack("=I", count)
    page = bytearray(BODY)
    page[:64] = made_header(kind, BODY + len(body), **header)
    page[64:68] = struct.pack("=I", 1)
    return bytes(page + body)


class Reader:
    """An object, read and changed by the text alone. One at a time: Python has no atomic operations."""

    def __init__(self, name):
        self.file = os.open("/dev/shm/" + name, os.O_RDWR | os.O_CLOEXEC)
        self.bytes = mmap.mmap(self.file, os.fstat(self.file).st_size)
        (self.magic, self.order, self.major, self.minor, self.body, self.kind, self.size, self.instance, self.created, self.creator,
         self.crc) = HEADER.unpack(self.bytes[:64])

    def word(self, offset):
        return struct.unpack_from("=I", self.bytes, offset)[0]

    def set_word(self, offset, value):
        struct.pack_into("=I", self.bytes, offset, value)

    def byte_lock(self, command, kind, participant):
        asked = struct.pack("hhqqi4x", kind, os.SEEK_SET, 2**40 + participant, 1, 0)
        return struct.unpack("hhqqi4x", fcntl.fcntl(self.file, command, asked))[0]

    def alive(self, participant):
        return self.byte_lock(36, fcntl.F_WRLCK, participant) != fcntl.F_UNLCK  # 36: F_OFD_GETLK

    def participate(self):
        """Takes the next id; its file must stay open."""
        participant = self.word(64)
        self.set_word(64, participant + 1)
        self.byte_lock(37, fcntl.F_WRLCK, participant)  # 37: F_OFD_SETLK
        return participant

    def close(self):
        self.bytes.close()
        os.close(self.file)


# ---- polyshm itself ----

class Polyshm:
    """A handle, through the C library."""

    def __init__(self, kind, name, verb, *arguments):
        self.kind, self.handle = kind, ctypes.c_void_p()
        self.call(verb, name.encode(), *map(ctypes.c_int64, arguments), ctypes.byref(self.handle), on=False)

    def call(self, verb, *arguments, on=True):
        status = getattr(POLYSHM, f"polyshm_{self.kind}_{verb}")(*([self.handle] if on else []), *arguments)
        if status:
            raise OSError(status, POLYSHM.polyshm_last_error().decode())

    def answer(self, verb, *arguments, kind=ctypes.c_int32):
        out = kind()
        self.call(verb, *map(ctypes.c_int64, arguments), ctypes.byref(out))
        return out.value

    def free(self):
        getattr(POLYSHM, f"polyshm_{self.kind}_free")(self.handle)


CREATE = {"lock": (0o600,), "semaphore": (3, 0o600), "event": (0o600,)}
TIMED_OUT, LOCKED, RECOVERED = range(3)


class Layout(unittest.TestCase):
    def setUp(self):
        self.name = f"{PREFIX}-{self._testMethodName}"
        self.addCleanup(lambda: os.path.exists("/dev/shm/" + self.name) and os.unlink("/dev/shm/" + self.name))

    def made(self, kind):
        handle = Polyshm(kind, self.name, "create", *CREATE[kind])
        self.addCleanup(handle.free)
        return handle

    def written(self, kind, content):
        with open("/dev/shm/" + self.name, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)
        handle = Polyshm(kind, self.name, "attach", 0, 0)
        self.addCleanup(handle.free)
        return handle

    def read(self):
        reader = Reader(self.name)
        self.addCleanup(reader.close)
        return reader

    def test_crc(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)  # the check value of the catalogues

    def test_headers(self):
        for kind in KINDS:
            with self.subTest(kind):
                before = time.time_ns()
                handle = Polyshm(kind, self.name, "create", *CREATE[kind])
                reader = Reader(self.name)
                self.assertEqual((reader.magic, reader.order, reader.major, reader.minor), (b"POLYSHM\0", 0x01020304, 1, 0))
                self.assertEqual((reader.body, reader.kind, reader.creator), (BODY, KINDS[kind], os.getuid()))
                self.assertEqual(reader.size, os.fstat(reader.file).st_size)
                self.assertEqual(reader.crc, crc32c(reader.bytes[:60]))
                self.assertTrue(before <= reader.created <= time.time_ns())
                self.assertNotEqual(reader.instance, bytes(16))
                self.assertEqual(reader.word(64), 1)
                self.assertEqual(reader.bytes[68:BODY], bytes(BODY - 68))
                expected = made_object(kind)
                self.assertEqual(reader.bytes[BODY:], expected[BODY:])
                reader.close()
                handle.free()
                os.unlink("/dev/shm/" + self.name)

    def test_an_object_made_by_hand_is_one(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.written(kind, made_object(kind))
                os.unlink("/dev/shm/" + self.name)

    def test_a_newer_minor_version_is_accepted(self):
        self.written("lock", made_object("lock", minor=7))

    def test_what_is_refused(self):
        whole = made_object("lock")
        damaged = bytearray(whole)
        damaged[50] ^= 1
        refused = {"newer": made_object("lock", major=2), "byte order": made_object("lock", order=0x04030201),
                   "damaged": bytes(damaged), "Event": made_object("event"), "SharedMemory": bytes(5000), "4164": whole + b"1234"}
        for words, content in refused.items():
            with self.subTest(words), self.assertRaisesRegex(OSError, words):
                self.written("lock", content)

    def test_a_lock(self):
        lock, reader = self.made("lock"), self.read()
        self.assertEqual(lock.answer("lock", -1), LOCKED)
        owner = reader.word(BODY)
        self.assertEqual((owner, reader.word(64)), (1, 2))
        self.assertTrue(reader.alive(owner))
        self.assertFalse(reader.alive(owner + 1))
        lock.call("unlock")
        self.assertEqual(reader.word(BODY), 0)
        self.assertTrue(reader.alive(owner))
        lock.call("close")
        self.assertFalse(reader.alive(owner))

    def test_we_own_a_lock_and_die(self):
        lock, reader = self.made("lock"), Reader(self.name)
        reader.set_word(BODY, reader.participate())
        self.assertEqual(lock.answer("lock", 0), TIMED_OUT)
        self.assertEqual(lock.answer("lock", 10_000_000), TIMED_OUT)
        self.assertEqual(reader.word(BODY) & SLEEPERS, SLEEPERS)
        reader.close()
        self.assertEqual(lock.answer("lock", -1), RECOVERED)
        reader = self.read()
        self.assertEqual((reader.word(BODY) & ~SLEEPERS, reader.word(BODY + 8), reader.word(BODY + 12)), (2, 1, 1))
        lock.call("repaired")
        lock.call("unlock")
        self.assertEqual((reader.word(BODY), reader.word(BODY + 12)), (0, 0))

    def test_a_semaphore(self):
        semaphore, reader = self.made("semaphore"), Reader(self.name)
        permits = lambda: [reader.word(BODY + 64 + 4 * i) for i in range(3)]
        self.assertTrue(semaphore.answer("acquire", 0, kind=ctypes.c_bool))
        self.assertEqual(sorted(permits()), [0, 0, 1])
        ours = reader.participate()
        for i, holder in enumerate(permits()):
            if not holder:
                reader.set_word(BODY + 64 + 4 * i, ours)
        self.assertFalse(semaphore.answer("acquire", 10_000_000, kind=ctypes.c_bool))
        self.assertEqual(reader.word(BODY) & 1, 1)
        changes = reader.word(BODY)
        semaphore.call("release")
        self.assertEqual(reader.word(BODY), (changes + 2) & ~1)
        reader.close()
        for _ in range(3):
            self.assertTrue(semaphore.answer("acquire", 0, kind=ctypes.c_bool))
        reader = self.read()
        self.assertEqual(permits(), [1, 1, 1])

    def test_an_event(self):
        event, reader = self.made("event"), self.read()
        self.assertFalse(event.answer("wait", 10_000_000, kind=ctypes.c_bool))
        self.assertEqual(reader.word(BODY), 1)
        event.call("set")
        self.assertEqual(reader.word(BODY), 4 | 2)
        event.call("clear")
        self.assertEqual(reader.word(BODY), 4)
        reader.set_word(BODY, 8 | 2)
        self.assertTrue(event.answer("wait", 0, kind=ctypes.c_bool))


if __name__ == "__main__":
    unittest.main(verbosity=2)
