"""driver.py: serves polyshm to the tests; README.md has the protocol."""
import sys

import polyshm
import protocol
import server

CLASSES = [name for name, member in vars(polyshm).items() if isinstance(member, type) and hasattr(member, "attach")]
KINDS = {bool: "bool", int: "int", float: "float", str: "str", bytes: "bytes", type(None): "none"}
WORDS = {"@foreign": object(), "@table": {}}
VERBS = {"format": "packing_format", "and": "and_", "or": "or_"}


def call(target, method, arguments, keywords):
    if target == "polyshm":
        return module(method, arguments)
    if isinstance(target, str) and target in CLASSES:
        return of_class(getattr(polyshm, target), method, arguments, keywords)
    if method == "write":
        arguments[1:] = [protocol.bytes_of(data) if isinstance(data, str) else data for data in arguments[1:]]
    if method == "kind":
        return KINDS[type(target.get(*arguments))]
    if method == "index":
        try:
            return target.index(*arguments)
        except ValueError as error:
            if isinstance(error, polyshm.Error):
                raise
            return None
    if method.startswith("try_"):
        method, arguments = method[4:], [0]
    if method == "acquire":
        return target.acquire(timeout=arguments[0]) if arguments else target.acquire()
    if method == "lock" and isinstance(target, polyshm.Lock):
        return target.lock(*arguments) or False
    if method == "format" and not arguments:
        return target.format
    found = getattr(target, VERBS.get(method, method))
    return found(*arguments, **keywords) if callable(found) else found


def module(method, arguments):
    if method == "names":
        return sorted(segment.name for segment in polyshm.segments())
    found = getattr(polyshm, "__version__" if method == "version" else method)
    return found(*arguments) if callable(found) else found


def of_class(kind, method, arguments, keywords):
    if method == "unlink":
        return polyshm.unlink(*arguments)
    return (kind if method == "new" else getattr(kind, method))(*arguments, **keywords)


def error(exception):
    return (exception.code, exception.args[-1]) if isinstance(exception, polyshm.Error) else None


version = ".".join(map(str, sys.version_info[:2]))
server.serve(f"python python{version}", call, error, WORDS)
