cdef class FrameBuffer:
    cdef readonly bytes data
    cdef public Py_ssize_t pos
    cdef public Py_ssize_t payload_max
