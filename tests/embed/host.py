"""host.py: what host.c calls in Python: see host.h."""
import gc
import importlib.machinery
import importlib.util
import os
import sys
import threading
import time


def load_polyshm():
    global polyshm
    import polyshm


def load_anew():
    for name in [name for name in sys.modules if name.startswith("polyshm")]:
        del sys.modules[name]
    load_polyshm()


def refuses(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return
    raise AssertionError(f"no {error}")


def work():
    global shm, view, items, lock, event
    shm = polyshm.SharedMemory.create(size=4096)
    view = shm.view("int32")
    view[0] = 7
    items = polyshm.ShareableList.create(None, [1, "two", None])
    lock, event = polyshm.Lock.create(), polyshm.Event.create()
    for each in (shm, items, lock, event):
        each.unlink()


def use():
    assert view[0] == 7 and list(items) == [1, "two", None]
    with lock as outcome:
        assert outcome == "locked"
    event.set()
    assert event.wait(0)
    refuses(IndexError, view.get, -1)
    gc.collect()


def neighbours():
    global others
    others = []
    for name in os.environ["POLYSHM_EMBED_NAMES"].split():
        loader = importlib.machinery.ExtensionFileLoader(f"_{name}", f"{os.environ['POLYSHM_EMBED_NEIGHBOURS']}/{name}.so")
        others.append(importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader)))
        loader.exec_module(others[-1])


def beside():
    for neighbour in others:
        theirs = neighbour.make(5)
        assert neighbour.peek(theirs) == 5
        for ours in (shm, view, items, lock, event):
            refuses(TypeError, neighbour.peek, ours)
        refuses(TypeError, shm.copy, theirs)
        use()
        assert neighbour.peek(theirs) == 5


def own():
    global lock
    lock = polyshm.Lock.attach(os.environ["POLYSHM_EMBED_NAME"])
    lock.lock()


def wait():
    polyshm.Lock.attach(os.environ["POLYSHM_EMBED_NAME"]).lock()


def own_and_wait():
    def keep():
        own()
        time.sleep(3600)

    threading.Thread(target=keep, daemon=True).start()
    time.sleep(0.1)
    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.2)
