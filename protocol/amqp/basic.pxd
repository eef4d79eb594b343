# What C knows of the runs; their fields are read by others, too.
cdef class PublishRun:
    cdef readonly Py_ssize_t channel
    cdef readonly bytes arguments
    cdef readonly list contents
    cdef readonly unsigned int flags
    cdef readonly Py_ssize_t stop

cdef class SettlementRun:
    cdef readonly Py_ssize_t channel
    cdef readonly Py_ssize_t method
    cdef public list tags
    cdef readonly bint multiple
    cdef readonly bint requeue
    cdef readonly Py_ssize_t stop
