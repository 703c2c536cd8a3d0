"""buffers.py: memoryviews and numpy's arrays on the bytes themselves, whatever becomes of the segment meanwhile."""
import array
import gc
import struct
import unittest

import polyshm
from support import Scratch, main

try:
    import numpy
except ImportError:
    numpy = None

DTYPES = {"int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "float32": "f",
          "float64": "d"}


class BufferTest(Scratch):
    def test_a_segments(self):
        shm = self.shm(100)
        self.assertEqual(("B", 1, (100,), False), (shm.buf.format, shm.buf.itemsize, shm.buf.shape, shm.buf.readonly))
        shm.buf[:5] = b"hello"
        self.assertEqual(b"hello", shm.read(0, 5))
        self.assertEqual(b"ell", bytes(memoryview(shm)[1:4]))
        with self.assertRaises(ValueError):
            shm.buf[:5] = b"six..."
        with self.assertRaises(IndexError):
            shm.buf[100]

    def test_a_views(self):
        shm = self.shm(80)
        for dtype, form in DTYPES.items():
            view = shm.view(dtype, offset=8, count=4)
            there = memoryview(view)
            itemsize = array.array(form).itemsize
            self.assertEqual((itemsize, (4,), 4 * itemsize), (there.itemsize, there.shape, there.nbytes))
            view[1] = 100
            self.assertEqual(100, there[1])
            there[2] = 101
            self.assertEqual([0, 100, 101, 0], view.tolist())
            self.assertEqual(b"", bytes(memoryview(shm.view(dtype, offset=8, count=0))))
            view.fill(0)

    def test_read_only_is_respected(self):
        shm = self.shm()
        readonly = polyshm.SharedMemory.attach(shm.name, readonly=True)
        for thing in (readonly, readonly.view("int32")):
            there = memoryview(thing)
            self.assertTrue(there.readonly)
            with self.assertRaises(TypeError):
                there[0] = 1
            self.assertRaises((BufferError, TypeError), struct.pack_into, "b", thing, 0, 1)

    def test_they_outlive_everything(self):
        for way in ("close", "del", "both"):
            shm = polyshm.SharedMemory.create(self.fresh(), size=8192)
            shm.unlink()
            view = shm.view("uint8")
            shm.write(0, b"x" * 8192)
            kept = [shm.buf, shm.buf[10:20], memoryview(view)]
            if way != "del":
                shm.close()
            if way != "close":
                del shm, view
                gc.collect()
            self.assertEqual([0 if way != "del" else ord("x")] * 3, [there[0] for there in kept])
            for there in kept:
                there[0] = 7
                self.assertEqual(7, there[0])
                self.assertEqual(len(there), len(bytes(there)))

    def test_closed_ones_lend_nothing_new(self):
        shm = self.shm()
        view, other = shm.view("int32"), shm.view("int32")
        view.close()
        self.assert_code("CLOSED", polyshm.ClosedError, memoryview, view)
        shm.close()
        for thing in (shm, other):
            self.assert_code("CLOSED", polyshm.ClosedError, memoryview, thing)
        self.assert_code("CLOSED", polyshm.ClosedError, lambda: shm.buf)

    def test_they_stay_where_the_segment_grows(self):
        shm = self.shm(4096)
        before = shm.buf
        for step in range(1, 11):
            shm.resize(4096 << step)
            before[step] = step
            self.assertEqual(bytes(range(step + 1)), shm.read(0, step + 1))
        self.assertEqual(4096, len(before))
        self.assertEqual(4096 << 10, len(shm.buf))

    def test_bytes_that_lie_in_the_segment_itself(self):
        shm = self.shm(64)
        shm.write(0, bytes(range(64)))
        shm.write(1, shm.buf[:63])
        self.assertEqual(bytes([0, *range(63)]), shm.read())
        shm.write(0, memoryview(shm)[::2])
        self.assertEqual(bytes([0, *range(1, 63, 2)]), shm.read(0, 32))

    def test_what_is_written_from(self):
        shm = self.shm(64)
        for data in (b"abcd", bytearray(b"abcd"), memoryview(b"abcd"), array.array("B", b"abcd")):
            shm.fill(0)
            shm.write(3, data)
            self.assertEqual(b"\0\0\0abcd\0", shm.read(0, 8))
        for data in ("abcd", 4, None, [1, 2]):
            self.assert_code("TYPE", TypeError, shm.write, 0, data)

    def test_a_bytearray_does_not_shrink_while_it_is_written(self):
        size = 64 << 20
        shm = self.shm(size)
        data = bytearray(size)
        shm.write(0, data)
        data.clear()  # it is let go of


@unittest.skipUnless(numpy, "this Python has no numpy")
class NumpyTest(Scratch):
    def test_an_array_is_no_copy(self):
        shm = self.shm(160)
        for dtype in DTYPES:
            view = shm.view(dtype, offset=16, count=10)
            there = numpy.asarray(view)
            self.assertEqual((numpy.dtype(dtype), (10,)), (there.dtype, there.shape))
            there[:] = range(10)
            self.assertEqual(list(range(10)), view.tolist())
            self.assertEqual(view[3], numpy.asarray(view)[3])
            self.assertEqual(shm.address + 16, there.ctypes.data)

    def test_it_is_read_only_where_the_segment_is(self):
        shm = self.shm()
        there = numpy.asarray(polyshm.SharedMemory.attach(shm.name, readonly=True).view("int32"))
        self.assertFalse(there.flags.writeable)
        self.assertRaises(ValueError, there.__setitem__, 0, 1)

    def test_it_outlives_the_segment(self):
        shm = self.shm(8192)
        arrays = [numpy.asarray(shm.view("float64")), numpy.ndarray((1024,), "float64", buffer=shm.buf), numpy.frombuffer(shm.buf)]
        arrays[0][:] = 1.5
        shm.close()
        del shm
        gc.collect()
        self.assertEqual([0] * 3, [there.sum() for there in arrays])
        for there in arrays:
            there[:] = 2

    def test_its_numbers_go_into_views_and_lists(self):
        view = self.shm().view("float64")
        view[0] = numpy.float32(0.1)
        view[1:4] = numpy.array([1, 2, 3], "int16")
        view.assign(numpy.arange(3.0), 4)
        self.assertEqual([float(numpy.float32(0.1)), 1, 2, 3, 0, 1, 2], view.tolist(0, 7))
        self.assertRaises(ValueError, self.shm().view("int8").__setitem__, 0, numpy.int64(300))
        items = self.make(polyshm.ShareableList, numpy.arange(3))
        items[numpy.int64(1)] = numpy.float64(2.5)
        self.assertEqual([0, 2.5, 2], items.tolist())

    def test_create_view(self):
        shm = self.shm(96)
        with shm.create_view(numpy.ndarray) as there:
            self.assertEqual(((96,), numpy.uint8), (there.shape, there.dtype))
            there[:4] = 9
        with shm.create_view(numpy.ndarray, dtype=numpy.int16, shape=(2, 3), offset=4) as there:
            there[:] = [[1, 2, 3], [4, 5, 6]]
        self.assertEqual([1, 2, 3, 4, 5, 6], shm.view("int16", offset=4, count=6).tolist())
        with self.assertRaises(ValueError), shm.create_view(numpy.ndarray, dtype="int64", shape=(13,)) as there:
            pass
        readonly = polyshm.SharedMemory.attach(shm.name, readonly=True)
        with readonly.create_view(numpy.ndarray) as there:
            self.assertFalse(there.flags.writeable)

    def test_get_value(self):
        shm = self.shm()
        shm.write(0, b"\x0a\x0b\x0c")
        self.assertEqual((10, b"\x0b\x0c", 10), (shm.get_value(0, 1), shm.get_value(1, 2), shm.get_value("uint8", 0)))
        self.assert_code("INDEX", IndexError, shm.get_value, 64, 1)
        self.assertEqual(shm.address, shm.get_addr())


main()
