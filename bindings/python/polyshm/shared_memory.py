"""A drop-in for multiprocessing.shared_memory: `from polyshm import shared_memory`. docs/coming-from.md lists what differs.

No resource tracker watches: attaching never destroys, and what a killed program leaves is the user's to unlink."""

import os
import secrets

import polyshm

__all__ = ["SharedMemory", "ShareableList"]

# What programs and CPython's own tests know of CPython's module.
_USE_POSIX = True
_SHM_NAME_PREFIX = "/psm_"


def _make_filename():
    return _SHM_NAME_PREFIX + secrets.token_hex(4)


class SharedMemory(polyshm.SharedMemory):
    """CPython's class: SharedMemory(name=None, create=False, size=0)."""

    _flags = os.O_RDWR

    def __init__(self, name=None, create=False, size=0, *, track=True):
        if create and not size > 0 or size < 0:
            raise ValueError("'size' must be a positive number different from zero")
        if name is None and not create:
            raise ValueError("'name' can only be None if create=True")
        attach_too = not create and self._flags & os.O_CREAT and not self._flags & os.O_EXCL
        while True:
            self._name = name if name is not None else _make_filename()
            try:
                if attach_too:
                    super().__init__(self._name, True, size=size or polyshm.page_size(), exclusive=False)
                else:
                    super().__init__(self._name, create, **({"size": size} if create else {}))
                return
            except FileExistsError:
                if name is not None:
                    raise

    @property
    def buf(self):
        """A memoryview on the bytes themselves, None after close()."""
        return None if self.closed else memoryview(self)

    def __reduce__(self):
        return type(self), (self.name, False, self.size)


class ShareableList(polyshm.ShareableList):
    """CPython's class: ShareableList(sequence=None, *, name=None)."""

    def _get_packing_format(self, position):
        return self.packing_format(position)
