"""serve(): a driver in Python, README.md. What it serves is a function that makes a call; lines, tokens and variables are done
here."""
import re
import sys

import protocol

KEY = re.compile(r"([a-z_]+)=")


class Variable(protocol.Word):
    """A variable's name."""


class Broken(Exception):
    """What is answered with `broken`."""


class Server:
    def __init__(self, call, error, words=()):
        """call(target, method, arguments, keywords) makes a call, where target is a word, or what a variable holds;
        error(exception) is its code and its message if it is one of polyshm's errors, else None; words are @foreign and the like."""
        self.call, self.error, self.words, self.variables = call, error, dict(words), {}

    def meant(self, token):
        if isinstance(token, list):
            return [self.meant(item) for item in token]
        if not isinstance(token, Variable):
            return token
        if token in self.words:
            return self.words[token]
        if token not in self.variables:
            raise Broken(f"there is no {token}")
        return self.variables[token]

    def compiled(self, line):
        """A function that runs a statement, and returns its result."""
        if match := re.match(r"when (\w+) +", line):
            wanted, at = protocol.read(line, match.end(), Variable)
            run = self.compiled(line[at:].strip())
            return lambda: run() if self.meant(Variable(match[1])) == self.meant(wanted) else None
        if line.startswith("fail "):
            return lambda: self.wrong(protocol.value(line[5:]))
        text, expected = protocol.split_expected(line)
        match = protocol.STATEMENT.fullmatch(text)
        if not match:
            raise Broken(f"cannot read this: {line}")
        variable, target, method, words = match.groups()
        of = target if target == "polyshm" or target[0].isupper() else Variable(target)
        arguments, keywords = self.arguments(words)
        wanted = None if expected is None else protocol.read(expected, 0, Variable)[0]

        def run():
            result = self.call(self.meant(of), method, [self.meant(argument) for argument in arguments], keywords)
            if variable:
                self.variables[variable] = result
            if expected is not None and result != self.meant(wanted):
                self.wrong(f"{line}: it gave {told(result)}")
            return result
        return run

    def wrong(self, why):
        raise Broken(why)

    def arguments(self, words):
        arguments, keywords, at = [], {}, protocol.after_blanks(words, 0)
        while at < len(words):
            key = KEY.match(words, at)
            token, at = protocol.read(words, key.end() if key else at, Variable)
            if key:
                keywords[key[1]] = token
            else:
                arguments.append(token)
            at = protocol.after_blanks(words, at)
        return arguments, keywords

    def forget(self):
        for value in self.variables.values():
            if hasattr(value, "close"):
                value.close()
        self.variables.clear()

    def result(self, line):
        if line == "forget":
            return self.forget()
        if match := re.fullmatch(r"repeat (\d+) (\d+)", line):
            runs = [self.compiled(sys.stdin.readline().strip()) for _ in range(int(match[2]))]
            for _ in range(int(match[1])):
                for run in runs:
                    run()
            return None
        return self.compiled(line)()

    def answer(self, line):
        try:
            return told(self.result(line))
        except Exception as exception:
            if found := self.error(exception):
                return f"error {found[0]} {protocol.show(found[1])}"
            kind = "" if isinstance(exception, Broken) else f"{type(exception).__name__}: "
            return f"broken {protocol.show(kind + str(exception))}"


def told(result):
    if hasattr(result, "close"):
        return "object"
    if result is None or isinstance(result, (bool, int, float, str, bytes, bytearray, list, tuple)):
        return protocol.show(result)
    return f"other {protocol.show(repr(result))}"


def serve(ready, call, error, words=()):
    server = Server(call, error, words)
    print(f"ready {ready}", flush=True)
    for line in sys.stdin:
        print(server.answer(line.rstrip("\n")), flush=True)
    server.forget()
