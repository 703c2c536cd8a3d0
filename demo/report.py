"""report.py NAME: prints the statistics, with nothing but CPython's own shared_memory."""
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

shm = SharedMemory(sys.argv[1])
resource_tracker.unregister(shm._name, "shared_memory")  # or CPython would unlink it at exit
with memoryview(shm.buf) as bytes_:
    samples = bytes_[0:4].cast("i")[0]
    processor_mean, processor_peak, memory_mean, memory_peak = bytes_[2048:2080].cast("d").tolist()
shm.close()
print(f" CPython reads the same segment: {samples} samples")
print(f" processor mean {processor_mean:5.1f}   peak {processor_peak:5.1f}")
print(f" memory    mean {memory_mean:5.1f}   peak {memory_peak:5.1f}")
