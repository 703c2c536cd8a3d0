"""The tokens of README.md as Python's values, both ways: nil is None, text str, bytes bytes. Text may hold bytes that are no
UTF-8, as surrogates. For the tests, and for drivers that are written in Python."""
import re

STRING = r'"((?:[^"\\]|\\.)*)"'
TOKEN = re.compile(rf'(?P<kind>b?){STRING}(?:\*(?P<times>\d+))?|(?P<list>\[)|(?P<word>[^\s\]]+)')
ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
WORDS = {"nil": None, "true": True, "false": False, "nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
STATEMENT = re.compile(r"(?:(?P<variable>\w+) = )?(?P<target>\w+)\.(?P<method>\w+)(?P<words>.*)", re.DOTALL)


class Word(str):
    """A word that is none of the above: `object`, `@foreign`, the name of a variable."""


class Bad(Exception):
    """A line that is not in the protocol."""


def text_of(data):
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text):
    """What a string of either kind is in memory."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def unescaped(body):
    """The bytes of a string, from what stands between its quotes."""
    def one(match):
        pair, four, character = match.groups()
        if pair:
            return bytes([int(pair, 16)])
        return chr(int(four, 16)).encode() if four else {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\"}[character]
    try:
        return ESCAPE.sub(one, bytes_of(body))
    except KeyError as unknown:
        raise Bad(f"an unknown escape \\{text_of(unknown.args[0])}: there are \\xNN \\uNNNN \\n \\t \\\" \\\\") from None


def read(line, at=0, word=Word):
    """The value of the token that begins at a place, and the place behind it; other words are word(it)."""
    match = TOKEN.match(line, at)
    if not match:
        raise Bad(f"no token: {line[at:]!r}")
    at = match.end()
    if match["list"]:
        items = []
        while (at := after_blanks(line, at)) < len(line) and line[at] != "]":
            item, at = read(line, at, word)
            items.append(item)
        if at == len(line):
            raise Bad("a list without its end")
        return items, at + 1
    if match["word"] is None:
        data = unescaped(match[2]) * int(match["times"] or 1)
        return data if match["kind"] else text_of(data), at
    name = match["word"]
    if name in WORDS:
        return WORDS[name], at
    if re.fullmatch(r"-?\d+", name):
        return int(name), at
    if re.fullmatch(r"-?\d[\d.]*(e[-+]?\d+)?", name):
        return float(name), at
    return word(name), at


def after_blanks(line, at):
    while at < len(line) and line[at] == " ":
        at += 1
    return at


def value(text):
    """The only token of a text."""
    result, at = read(text, after_blanks(text, 0))
    if at != len(text):
        raise Bad(f"more than a token: {text!r}")
    return result


def escaped(data):
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in data)


def show(what):
    """The token of a value."""
    match what:
        case None: return "nil"
        case True: return "true"
        case False: return "false"
        case Word(): return what
        case str(): return f'"{escaped(bytes_of(what))}"'
        case bytes() | bytearray(): return f'b"{escaped(what)}"'
        case list() | tuple(): return "[" + " ".join(map(show, what)) + "]"
    return repr(what)


def plain(line):
    """The line in ASCII: what is not has its place in strings."""
    return line if line.isascii() else "".join(c if c.isascii() else escaped(bytes_of(c)) for c in line)


def split_expected(line):
    """A statement, and what stands behind its `->`, or None."""
    match = re.fullmatch(r'((?:[^"]|"(?:[^"\\]|\\.)*")*?) *-> *(.*)', line)
    return match.groups() if match else (line, None)


class Failed(Exception):
    """An answer that tells of an error: its code, None if it is no error of polyshm's, and the message."""

    def __init__(self, code, message):
        super().__init__(f"{code or 'broken'}: {message}")
        self.code, self.message = code, message


def answered(line):
    """The value of an answer, or Failed."""
    match = re.fullmatch(rf"(?:error (\w+)|broken) {STRING}", line)
    if match:
        raise Failed(match[1], text_of(unescaped(match[2])))
    return value(line)
