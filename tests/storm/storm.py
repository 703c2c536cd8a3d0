"""storm.py [--careless] NAME=DRIVER...: kill -9 over all languages at once, README.md."""
import itertools
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers"))
import client

NAME = f"storm-{os.getpid()}"
SECONDS = float(os.environ.get("POLYSHM_STORM_SECONDS", 300 if os.environ.get("POLYSHM_LONG") else 20))
PERMITS = 2

SETUP = """
    s = SharedMemory.attach "{name}"
    v = s.view "int64"
    l = s.lock
    p = Semaphore.attach "{name}.permits"
    e = Event.attach "{name}.event"
""".strip().splitlines()
LOCK = """
    o = l.lock 10
    when o false fail "starved of the lock"
    when o "recovered" a = v.get 1
    when o "recovered" v.set 2 a
    when o "recovered" v.set 0 0
    when o "recovered" l.repaired
    when o "recovered" v.add 4 1"""
CHANGE = """
    v.get 0 -> 0            # not alone
    a = v.get 1
    v.get 2 -> a            # half a change, and nobody said so
    v.set 0 {me}
    v.add 1 1
    v.add 2 1
    v.get 0 -> {me}         # not alone any more
    v.set 0 0"""
UNLOCK = """
    l.unlock"""
PERMIT = """
    p.acquire 10 -> true    # starved of a permit
    p.release"""
WAIT = """
    e.wait 10 -> true       # slept through the event"""
WAKE = """
    e.set
    e.clear"""
COUNT = """
    v.add 3 1"""

careless = "--careless" in sys.argv
commands = client.commands(argument for argument in sys.argv[1:] if not argument.startswith("--"))
first = next(iter(commands))
seed = int(os.environ.get("POLYSHM_SEED", random.SystemRandom().randrange(1 << 32)))
chance = random.Random(seed)
numbers = itertools.count(1)


def program(me, locks):
    """What a worker is told, and what it means if one of its lines does not come out as expected."""
    parts = [LOCK, CHANGE, UNLOCK] if locks else [CHANGE]
    lines = "".join([*parts, PERMIT, WAIT if me % 2 else WAKE, COUNT]).format(me=me).strip().splitlines()
    meanings = dict(map(str.strip, line.split("#")) for line in lines if "#" in line)
    round = [line.split("#")[0].strip() for line in lines]
    setup = [line.strip().format(name=NAME) for line in SETUP]
    return "".join(line + "\n" for line in [*setup, f"repeat 1000000000 {len(round)}", *round]), meanings


class Worker:
    """One process, which is young until it has said that it is ready. Its driver ends when its program does."""

    def __init__(self, language, odd):
        self.number = next(n for n in numbers if n % 2 == odd)
        text, self.meanings = program(self.number, locks=not (careless and language == first))
        self.language, self.odd, self.words, self.ready, self.killed = language, odd, [], threading.Event(), False
        self.process = subprocess.Popen(commands[language], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
        self.process.stdin.write(text)  # little enough for a pipe
        self.process.stdin.close()
        self.reader = threading.Thread(target=self.listen)
        self.reader.start()

    def listen(self):
        """Counts what it says before its rounds begin; whatever comes then is a complaint."""
        for count, line in enumerate(self.process.stdout):
            if count > len(SETUP) or not line.startswith("object" if count else "ready "):
                self.words.append(line)
            elif count == len(SETUP):
                self.ready.set()

    def end(self, by):
        self.killed = True
        self.process.send_signal(by)
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def complaint(self):
        """What it said before it ended by itself, or None."""
        if self.process.poll() is None:
            return None
        self.reader.join(1)
        said = "".join(self.words)
        meaning = next((meaning for statement, meaning in self.meanings.items() if f'"{statement}' in said), "")
        return f"{self.language}, worker {self.number}, ended with {self.process.returncode}: {meaning}: {said}"


def storm():
    """Kills until the time is over, and returns the complaints and how many were killed of each language."""
    workers = [Worker(language, odd) for language in commands for odd in (0, 1)]
    kills, complaints, told = dict.fromkeys(commands, 0), [], time.monotonic()
    end = told + SECONDS
    try:
        while time.monotonic() < end and not complaints:
            time.sleep(chance.random() * 0.01)
            complaints = [complaint for worker in workers if (complaint := worker.complaint())]
            place = chance.randrange(len(workers))
            if complaints or not workers[place].ready.is_set():
                continue
            old = workers[place]
            old.end(signal.SIGKILL)
            kills[old.language] += 1
            workers[place] = Worker(old.language, old.odd)
            if time.monotonic() > told + 5:
                told = time.monotonic()
                print(f"storm: {sum(kills.values())} killed, {end - told:.0f} s to go", flush=True)
    finally:
        for worker in workers:
            worker.end(signal.SIGKILL)
    return complaints, kills


def word(index):
    with open("/dev/shm/" + NAME, "rb") as file:
        return struct.unpack_from("=q", file.read(), 8 * index)[0]


def afterwards():
    """Whoever comes next finds all in order: a worker of each language runs alone for a moment."""
    for language in commands:
        worker, rounds = Worker(language, 0), word(3)
        if not worker.ready.wait(60):
            return f"{language} did not start after the storm"
        deadline = time.monotonic() + 20
        while word(3) < rounds + 10 and time.monotonic() < deadline and not worker.complaint():
            time.sleep(0.01)
        complaint = worker.complaint()
        worker.end(signal.SIGKILL)
        if complaint or word(3) < rounds + 10:
            return complaint or f"{language} did nothing after the storm"
    return None


maker = client.Driver(commands[first])
maker.do("s = SharedMemory.create % size=4096", NAME)
maker.do("p = Semaphore.create % count=%", NAME + ".permits", PERMITS)
maker.do("e = Event.create %", NAME + ".event")
try:
    complaints, kills = storm()
    print(f"seed {seed}: killed {', '.join(f'{count} {language}' for language, count in kills.items())}; "
          f"{word(3)} rounds, {word(1)} changes, {word(4)} recoveries")
    if careless:
        print("found out: " + complaints[0] if complaints else "not ok: nobody noticed the careless worker")
        sys.exit(not complaints)
    for complaint in complaints or filter(None, [afterwards()]):
        sys.exit("not ok: " + complaint)
    if not all(kills.values()) or not word(4):
        sys.exit("not ok: no storm: not every language was killed, or nothing was recovered")
finally:
    for name in ("", ".lock", ".permits", ".event"):
        if os.path.exists("/dev/shm/" + NAME + name):
            os.unlink("/dev/shm/" + NAME + name)
