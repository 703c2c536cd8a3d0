"""storm.py [--careless] LIBPOLYSHM NAME=COMMAND...: kill -9 over all languages at once, README.md."""
import ctypes
import itertools
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time

NAME = f"storm-{os.getpid()}"
SECONDS = float(os.environ.get("POLYSHM_STORM_SECONDS", 300 if os.environ.get("POLYSHM_LONG") else 20))
PERMITS = 2

careless = "--careless" in sys.argv
library, *peers = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
commands = dict(peer.split("=", 1) for peer in peers)
seed = int(os.environ.get("POLYSHM_SEED", random.SystemRandom().randrange(1 << 32)))
chance = random.Random(seed)
numbers = itertools.count(1)
polyshm = ctypes.CDLL(library)
polyshm.polyshm_last_error.restype = ctypes.c_char_p


def made(kind, name, *arguments):
    handle = ctypes.c_void_p()
    if getattr(polyshm, f"polyshm_{kind}_create")(name.encode(), *map(ctypes.c_int64, arguments), ctypes.byref(handle)):
        sys.exit(polyshm.polyshm_last_error().decode())
    return handle


class Worker:
    """One process, which is young until it has said that it is ready."""

    def __init__(self, language, odd):
        number = next(n for n in numbers if n % 2 == odd)
        arguments = [*commands[language].split(), NAME, str(number)] + (["careless"] if careless and language == "c" else [])
        self.language, self.odd, self.words, self.ready, self.killed = language, odd, [], threading.Event(), False
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self.listen)
        self.reader.start()

    def listen(self):
        for line in self.process.stdout:
            self.ready.set() if line == "ready\n" else self.words.append(line)

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
        return f"{self.language} ended with {self.process.returncode}: {''.join(self.words)}"


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


handles = [made("segment", NAME, 4096, 0o600), made("semaphore", NAME + ".permits", PERMITS, 0o600), made("event", NAME + ".event", 0o600)]
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
