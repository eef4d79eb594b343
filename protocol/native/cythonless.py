"""Stands in for Cython where it is absent, and for mypy always: decorators that do nothing, and types for annotations.

Only what the modules of ``modules`` use. A C integer is an int here, and never too large: what is compiled must
not rely on either.
"""

from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

compiled = False

# The types, as they are called in ``cython``.
bint = bool
uchar = int
ushort = int
uint = int
ulonglong = int
Py_ssize_t = int
# The bytes of a bytes object, by their index.
p_const_uchar = bytes


def _same(what: _T) -> _T:
    return what


def _setting(*values: object, **named: object) -> Callable[[_T], _T]:  # noqa: ARG001
    return _same


# Of classes.
cclass = final = no_gc = _same
freelist = _setting
# Of functions.
ccall = cfunc = inline = _same
exceptval = boundscheck = wraparound = _setting
