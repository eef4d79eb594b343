"""The PROXY protocol: what a proxy says of a connection before the connection's own bytes. Parsing only, no I/O.

Source: HAProxy's doc/proxy-protocol.txt, whose sections are named where they are followed.
"""
