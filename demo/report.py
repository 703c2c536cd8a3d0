"""report.py NAME: prints the statistics."""
import sys

import polyshm

with polyshm.SharedMemory.attach(sys.argv[1], readonly=True) as shm:
    samples = shm.get_value("int32", 0)
    processor_mean, processor_peak, memory_mean, memory_peak = shm.view("float64", offset=2048, count=4)
print(f" Python reads the same segment: {samples} samples")
print(f" processor mean {processor_mean:5.1f}   peak {processor_peak:5.1f}")
print(f" memory    mean {memory_mean:5.1f}   peak {memory_peak:5.1f}")
