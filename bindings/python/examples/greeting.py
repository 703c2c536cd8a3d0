# A writer and a reader that are handed the SharedMemory itself: one of the two pages that polyshm began with. What is mended: the class
# comes from polyshm, the reader has the data's length of its own, and its bytes are made bytes, as a memoryview decodes nothing.
import multiprocessing
import sys

import polyshm


# Create a shared memory segment
def create_shared_memory():
    # Get the size of the shared memory segment (in bytes)
    size = 1024

    # Create a shared memory segment with the specified size
    shm_id = polyshm.SharedMemory(create=1, size=size)

    return shm_id


# Process to write data to shared memory
def write_data(shm_id):
    # Write some data to the shared memory segment (as bytes)
    data_to_write = b"Hello from process 1!"
    shm_id.buf[:len(data_to_write)] = data_to_write

    # Print the ID of the shared memory segment for verification
    print(f"Shared Memory Segment ID: {shm_id.name[:4]}")


# Process to read data from shared memory
def read_data(shm_id):
    # Read some data from the shared memory segment (as bytes)
    data_from_shm = bytes(shm_id.buf[:len(b"Hello from process 1!")])

    # Print the data from the shared memory segment for verification
    print(f"Data from Shared Memory Segment: {data_from_shm.decode('utf-8')}")


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1] if len(sys.argv) > 1 else "fork")

    # Create a shared memory segment
    shm_id = create_shared_memory()

    # Calculate the size of the shared memory segment in bytes
    size = shm_id.size

    # Get the address of the shared memory segment
    addr = shm_id.address
    print(size, addr > 0, flush=True)

    # Create two processes
    p1 = multiprocessing.Process(target=write_data, args=(shm_id,))
    p2 = multiprocessing.Process(target=read_data, args=(shm_id,))

    # The reader starts when the writer has finished
    p1.start()
    p1.join()
    p2.start()
    p2.join()

    # A segment lives until its name is removed
    shm_id.unlink()
# output:
# 1024 True
# Shared Memory Segment ID: psm_
# Data from Shared Memory Segment: Hello from process 1!
