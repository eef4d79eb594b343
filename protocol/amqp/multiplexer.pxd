cdef class ChannelInput:
    cdef public object state
    cdef readonly object assembler
