cdef class Shape:
    cdef readonly bytes _lead
    cdef readonly Py_ssize_t _lead_bytes
    cdef readonly bytes _raw
    cdef readonly bint _has_table
    cdef readonly bytes _written
    cdef readonly bytes _field
    cdef readonly bytes _behind
    cdef readonly Py_ssize_t _begin
    cdef readonly Py_ssize_t _growth
    cdef readonly bytes _prefix
    cdef readonly bytes _suffix
    cdef readonly bytes _body_mark
    cdef readonly Py_ssize_t _longest
