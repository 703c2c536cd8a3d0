"""pickling.py: objects go to other processes by their name."""
import multiprocessing
import pickle

import polyshm
from support import Scratch, main


class Mine(polyshm.SharedMemory):
    pass


def add(shm, lock, event, items, times):
    view = shm.view("int64")
    event.wait(30)
    for _ in range(times):
        with lock:
            view[0] += 1
            items[0] = view[0]


class PicklingTest(Scratch):
    def test_every_kind_and_protocol(self):
        for thing in self.all_kinds():
            if isinstance(thing, polyshm.View):
                self.assertRaises(TypeError, pickle.dumps, thing)
                continue
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                again = pickle.loads(pickle.dumps(thing, protocol))
                self.assertIs(type(thing), type(again))
                self.assertEqual(thing.name, again.name)
                self.assertIsNot(thing, again)

    def test_options_stay(self):
        name = self.shm().name
        self.assertTrue(pickle.loads(pickle.dumps(polyshm.SharedMemory.attach(name, readonly=True))).readonly)
        self.assertFalse(pickle.loads(pickle.dumps(polyshm.SharedMemory.attach(name))).readonly)
        widened = polyshm.SharedMemory.attach(name, any_owner=True)
        self.assertTrue(pickle.loads(pickle.dumps(widened))._any_owner)

    def test_one_that_inherits(self):
        mine = Mine.attach(self.shm().name)
        self.assertIs(Mine, type(pickle.loads(pickle.dumps(mine))))

    def test_a_dead_name(self):
        shm = polyshm.SharedMemory.create(self.fresh())
        pickled = pickle.dumps(shm)
        shm.unlink()
        self.assert_code("ENOENT", FileNotFoundError, pickle.loads, pickled)

    def test_processes_by_fork_and_by_spawn(self):
        for method in ("fork", "spawn"):
            context = multiprocessing.get_context(method)
            shm, items = self.shm(), self.make(polyshm.ShareableList, [0])
            lock, _, event = self.primitives()
            workers = [context.Process(target=add, args=(shm, lock, event, items, 500)) for _ in range(3)]
            for worker in workers:
                worker.start()
            event.set()
            for worker in workers:
                worker.join(60)
                self.assertEqual(0, worker.exitcode)
            self.assertEqual((1500, 1500), (shm.view("int64")[0], items[0]))


if __name__ == "__main__":
    main()
