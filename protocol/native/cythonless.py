"""Stands in for Cython where it is absent, and for mypy always: decorators that do nothing, and types for annotations.

Only what the modules of ``modules`` use. A C integer is an int here, and never too large: what is compiled must
not rely on either.
"""

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

compiled = False

# The types, as they are called in ``cython``.
bint = bool
uchar = int
ushort = int
uint = int
ulonglong = int
Py_ssize_t = int
# The bytes of a bytes object, by their index; and those of one that is just being made.
p_const_uchar = bytes
p_uchar = Any
NULL = None


def _same(what: _T) -> _T:
    return what


def _setting(*values: object, **named: object) -> Callable[[_T], _T]:  # noqa: ARG001
    return _same


def cast(what: object, value: object) -> Any:  # noqa: ARG001
    """The value as another type."""
    return value


# Of classes.
cclass = final = no_gc = _same
freelist = _setting
# Of functions.
ccall = cfunc = inline = _same
exceptval = boundscheck = wraparound = _setting
