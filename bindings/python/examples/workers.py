# Processes that count together: what one of them leaves half-done when it is killed, the next one is told of and mends.
import multiprocessing
import os
import signal
import sys

import polyshm


def work(name, rounds, die):
    shm = polyshm.SharedMemory.attach(name)
    counts = shm.view("int64")
    for _ in range(rounds):
        with shm.lock as outcome:
            if outcome == "recovered":  # its last owner died: the two counts may differ
                counts[1] = counts[0]
                shm.lock.repaired()
            counts[0] += 1
            if die:
                os.kill(os.getpid(), signal.SIGKILL)
            counts[1] += 1


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1] if len(sys.argv) > 1 else "fork")
    with polyshm.unlinking(polyshm.SharedMemory.create(size=16)) as shm:
        workers = [multiprocessing.Process(target=work, args=(shm.name, 1000, number == 3)) for number in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with shm.lock as outcome:
            counts = shm.view("int64")
            if outcome == "recovered":
                counts[1] = counts[0]
                shm.lock.repaired()
            print(counts[0], counts[0] == counts[1], [worker.exitcode for worker in workers])
# output:
# 3001 True [0, 0, 0, -9]
