"""runner.py FILE... -- DRIVER...: runs lists of cases (README.md) through a driver (../drivers/README.md), and says how each
came out. Exits with 0 if none failed and at least one passed, and the driver ended as it should."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers"))
import client
import protocol

DIRECTORY = "/dev/shm"
PREFIX = f"polyshm-cases-{os.getpid()}"
CASE = re.compile(r"case (?P<name>.+?)(?:, not in (?P<languages>[\w. ]+): (?P<reason>.*))?")


class Case:
    def __init__(self, name, languages, reason):
        self.name, self.languages, self.reason, self.lines = name, (languages or "").split(), reason, []


def cases_of(path):
    found = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(map(str.strip, file), 1):
            if match := CASE.fullmatch(line):
                found.append(Case(**match.groupdict()))
            elif line and not line.startswith("#"):
                if not found:
                    raise protocol.Bad(f"{path}:{number}: no case has begun")
                found[-1].lines.append((number, line.replace("$P", PREFIX)))
    return found


class Wrong(Exception):
    """What a statement did that it should not have done."""


# ---- one case ----

def same(expected, actual, exact, doubles):
    """Whether a value is the expected one. Where numbers are doubles, an integer is not told from a float; outside of lists text
    is not told from bytes."""
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and all(
            same(one, other, exact, doubles) for one, other in zip(expected, actual))
    if isinstance(expected, (str, bytes)) and isinstance(actual, (str, bytes)):
        return protocol.bytes_of(expected) == protocol.bytes_of(actual) and (type(expected) is type(actual) or not exact)
    if type(expected) is not type(actual) and not (doubles and {type(expected), type(actual)} == {int, float}):
        return False
    return expected == actual or expected != expected and actual != actual


def check(statement, expected, given, exact, doubles):
    """Raises Wrong unless the answer is the expected one."""
    error = re.fullmatch(r'error (\w+)(?: +(".*"))?', expected or "")
    try:
        actual = protocol.answered(given)
    except protocol.Failed as failure:
        if failure.code is None or not error:
            raise Wrong(failure) from None
        if failure.code != error[1]:
            raise Wrong(f"{failure}, but {error[1]} was expected") from None
        words = protocol.bytes_of(protocol.value(error[2])) if error[2] else b""
        if words not in protocol.bytes_of(failure.message):
            raise Wrong(f"{failure}: this does not say {words.decode(errors='replace')!r}") from None
        return
    if error:
        raise Wrong(f"{given}, but error {error[1]} was expected")
    if statement["target"] == "polyshm" and statement["method"] == "names":
        actual = [name for name in actual if name.startswith(PREFIX)]
    if expected is not None and not same(protocol.value(expected), actual, exact, doubles):
        raise Wrong(f"{protocol.show(actual)}, but {expected} was expected")


def shell(command):
    """Runs a command; a tool that is loaded into drivers, as ASan is, is not for it."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run(["/bin/sh", "-c", protocol.bytes_of(protocol.value(command))], env=environment, timeout=client.SECONDS,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Wrong(f"the command ended with {done.returncode}")


def run_statement(line, driver, lists):
    """Runs one line; `lists` are the variables that hold a ShareableList, of whose items the types are exact."""
    if line.startswith("sh "):
        return shell(line[3:])
    line, expected = protocol.split_expected(line)
    statement = protocol.STATEMENT.fullmatch(line)
    if not statement:
        raise protocol.Bad(f"no statement: {line}")
    for string in re.finditer(protocol.STRING, line):
        protocol.unescaped(string[1])  # drivers need not look for escapes that are none
    check(statement, expected, driver.ask(line), statement["target"] in lists, driver.doubles)
    if statement["target"] == "ShareableList" and statement["variable"]:
        lists.add(statement["variable"])


def left():
    """What of this run is in the directory of the names; there may be none, or one that lists nothing."""
    try:
        return [name for name in os.listdir(DIRECTORY) if PREFIX in name]
    except OSError:
        return []


def sweep():
    """Removes what was left, of any file type, and returns its names; what cannot be removed is told again for each later case."""
    names = left()
    for name in names:
        path = os.path.join(DIRECTORY, name)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except OSError as error:
            print(f"not removed: {error}")
    return names


def why_not(case, driver):
    """What is wrong with a case, or None. It leaves nothing for the next one to stumble over."""
    lists, number, why = set(), 0, None
    try:
        for number, line in case.lines:
            run_statement(line, driver, lists)
    except (Wrong, protocol.Bad, client.Died, subprocess.TimeoutExpired) as wrong:
        why = f"line {number}: {wrong}"
    try:
        if not driver.dead and (answer := driver.forget()) != "nil":
            why = why or f"forget: {answer}"
    except client.Died as died:
        why = why or f"forget: {died}"
    names = sweep()
    return why or names and f"left in {DIRECTORY}: {' '.join(names)}" or None


# ---- all of them ----

def run(paths, command):
    """Runs the cases of all files, and returns whether all is well. A driver that died is started again for the next case."""
    driver = client.Driver(command)
    passed = failed = skipped = 0
    for case in (case for path in paths for case in cases_of(path)):
        if driver.dead:
            driver = client.Driver(command)
        if {driver.language, driver.name} & set(case.languages):
            skipped += 1
            print(f"skip {case.name}: {case.reason}", flush=True)
        elif why := why_not(case, driver):
            failed += 1
            print(f"not ok {case.name}: {why}", flush=True)
        else:
            passed += 1
            print(f"ok {case.name}", flush=True)
    status = driver.end() if not driver.dead else 0
    if status:
        print(f"not ok: the driver ended with {status}")
    print(f"{driver.name}: {passed} passed, {failed} failed, {skipped} skipped")
    return passed and not failed and not status


def main(arguments):
    try:
        at = arguments.index("--")
    except ValueError:
        sys.exit(__doc__)
    try:
        sys.exit(0 if run(arguments[:at], arguments[at + 1:]) else 1)
    except (client.Died, protocol.Bad) as wrong:
        sys.exit(f"not ok: {wrong}")


if __name__ == "__main__":
    main(sys.argv[1:])
