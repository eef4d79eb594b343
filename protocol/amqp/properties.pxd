cdef class Checker:
    cdef readonly bytes last
    cdef readonly unsigned int flags
    cdef readonly set _tables

    cpdef unsigned int check(self, bytes properties) except? 0
