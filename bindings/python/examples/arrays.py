# A producer and a consumer with numpy arrays on the shared bytes: the other one of the two pages that polyshm began with. What is
# mended: the class comes from polyshm, the consumer starts when the producer has finished, and the segment's name is removed.
import multiprocessing
import sys

import numpy as np

import polyshm


def producer(shared_memory):
    # Create a numpy array in the shared memory space
    arr = np.array([1, 2, 3], dtype=np.int32)

    # Write the array to the shared memory space
    with shared_memory.create_view(np.ndarray) as view:
        view[0] = 10
        view[1:4] = arr

    # Get the value of the first element in the shared memory space
    print(shared_memory.get_value(0, 1))


def consumer(shared_memory):
    # Create a numpy array from the shared memory space
    arr = np.array([], dtype=np.int32)

    # Read values from the shared memory space and append to our array
    with shared_memory.create_view(np.ndarray) as view:
        for i in range(5):
            arr = np.append(arr, view[i])

    print(arr)


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1] if len(sys.argv) > 1 else "fork")

    # Create a new shared memory region
    shared_mem = polyshm.SharedMemory(create=True)

    # Get the address of the shared memory space
    address = shared_mem.get_addr()
    print(address == shared_mem.address, flush=True)

    # Create two new processes to access the shared memory space
    p1 = multiprocessing.Process(target=producer, args=(shared_mem,))
    p2 = multiprocessing.Process(target=consumer, args=(shared_mem,))

    # The consumer starts when the producer has finished
    p1.start()
    p1.join()
    p2.start()
    p2.join()

    # Close the shared memory region
    shared_mem.close()
    shared_mem.unlink()
# output:
# True
# 10
# [10  1  2  3  0]
