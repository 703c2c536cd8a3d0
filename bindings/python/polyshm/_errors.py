"""The classes of failures. Each is an Error, and one of Python's own besides, so that programs may catch what they know."""

import builtins


class Error(Exception):
    """Whatever polyshm fails with: `code` says what, as "EEXIST" or "CLOSED"."""

    code = None


class ClosedError(Error, ValueError):
    """The object is closed."""


class ReadOnlyError(Error, builtins.TypeError):
    """It was attached read-only."""


class IndexError(Error, builtins.IndexError):
    """An offset, an index or a length is outside the object."""


class RangeError(Error, ValueError):
    """A value does not fit; numbers are never bent."""


class TypeError(Error, builtins.TypeError):
    """A value of another type is needed."""


class ArgumentError(Error, ValueError):
    """An argument is none of those that there are."""


class CorruptError(Error):
    """The bytes are not what they should be."""


class KindError(Error):
    """The name means an object of another kind."""


class IncompatibleError(Error):
    """It was made by a newer version of polyshm, or in another byte order."""


class NotOwnerError(Error, RuntimeError):
    """Only its owner can do that."""


class DeadlockError(Error, RuntimeError):
    """The owner would wait for itself."""


class OSError(Error, builtins.OSError):
    """The system's failure; the more usual ones have classes of their own, as Python's."""


def _subclass(base):
    return type(base.__name__, (OSError, base), {"__module__": __name__, "__doc__": base.__doc__})


FileExistsError = _subclass(builtins.FileExistsError)
FileNotFoundError = _subclass(builtins.FileNotFoundError)
PermissionError = _subclass(builtins.PermissionError)
InterruptedError = _subclass(builtins.InterruptedError)
IsADirectoryError = _subclass(builtins.IsADirectoryError)
NotADirectoryError = _subclass(builtins.NotADirectoryError)
BlockingIOError = _subclass(builtins.BlockingIOError)
TimeoutError = _subclass(builtins.TimeoutError)


def misuse(name, code, words):
    """Makes the error for a misuse; the core calls this."""
    error = globals()[name](words)
    error.code = code
    return error


def failure(number, code, words):
    """Makes the error for a failure of the system; the core calls this."""
    kind = globals().get(type(builtins.OSError(number, words)).__name__, OSError)
    error = kind(number, words)
    error.code = code
    return error
