"""What swig/ tells of the API, as SWIG itself reads it: with the host of this folder, which is no language, as XML."""
import pathlib
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent


@dataclass(frozen=True)
class Call:
    """A function, or a method of a class: as C has it, and as scripts call it."""

    of: str | None  # the class's type, "lock"
    name: str  # "polyshm_lock_create", or for a method "unlock"
    script_name: str
    arguments: tuple  # their C types, without the receiver
    result: str
    body: str
    marks: frozenset  # of polyshm_long, polyshm_fails, polyshm_weighs

    def __str__(self):
        return f"polyshm_{self.of}::{self.name}" if self.of else self.name

    def reaches(self):
        """The public functions of C that it calls."""
        called = set(re.findall(r"\bpolyshm_\w+(?=\()", self.body))
        return called or {f"polyshm_{self.of}_{self.name}" if self.of else self.name}

    def gives(self):
        """What a call without arguments gives, as a C type; None of all others."""
        if not self.of or len(self.arguments) > 1:
            return None
        if self.arguments:
            return self.arguments[0].removesuffix("*") if self.arguments[0].endswith("*") else None
        return None if self.result in ("polyshm_status", "void") else self.result


def attributes(node):
    return {each.get("name"): each.get("value") for each in node.find("attributelist").findall("attribute")}


def c_type(text):
    """SWIG's "p.q(const).char" as "const char*"."""
    text, stars = text.replace("q(const).", ""), 0
    while text.startswith("p."):
        text, stars = text[2:], stars + 1
    return text.replace("struct ", "") + "*" * stars


def split_declaration(declaration):
    """The argument types of "f(int64_t,p.p.polyshm_lock)."."""
    inside = re.match(r"f\((.*)\)\.", declaration)[1]
    return tuple(c_type(part) for part in inside.split(",") if part and part != "void")


class Hub:
    def __init__(self, swig, source, generated):
        """swig: the program. source: the folder swig/, or a copy of it. generated: where api.i is."""
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "hub.xml")
            subprocess.run([swig, "-xml", "-Wall", "-Werror", "-o", out, f"-I{HERE}/host", f"-I{source}", f"-I{generated}",
                            pathlib.Path(source, "polyshm.i")], check=True, capture_output=True, text=True)
            tree = ElementTree.parse(out).getroot()
        self.calls, self.facts, self.holds = [], set(), set()
        for node in tree.iter("insert"):
            code = attributes(node).get("code", "")
            self.facts |= set(re.findall(r'HOST_TELL\("(\w+)", "(\w+)", ?"(\w*)"', code))
            self.holds |= {kind for kind in re.findall(r"POLYSHM_HOLDS\((\w+)\)\}", code)}
        self.types = {attributes(node)["name"].removeprefix("polyshm_") for node in tree.iter("class")}
        self.walk(tree, None)

    def walk(self, node, of):
        for child in node:
            if child.tag in ("class", "extend"):
                name = attributes(child).get("name")
                self.walk(child, name.removeprefix("polyshm_") if name else of)
                continue
            if child.tag == "cdecl":
                known = attributes(child)
                if known.get("kind") == "function" and known["name"] != "delete":
                    self.calls.append(Call(of, known["name"], known["sym_name"], split_declaration(known["decl"]), c_type(known["type"]),
                                           known.get("code", ""), frozenset(word.removeprefix("feature_") for word in known
                                                                            if word.startswith("feature_polyshm"))))
            self.walk(child, of)

    def told(self, kind, fact):
        return {word for type_of, known, word in self.facts if (type_of, known) == (kind, fact)}

    def methods(self, kind):
        return [call for call in self.calls if call.of == kind]
