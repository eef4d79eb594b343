cdef class Message:
    # Written by queues that tell consumers how often a message came back.
    cdef public bytes content
    cdef readonly bytes route
