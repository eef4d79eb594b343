"""All there is to ask of a broker over AMQP 0-9-1: methods, arguments, properties, and the texts it refuses with.

Texts are RabbitMQ's, as far as they do not name things: regular expressions, in the order of the classes.
"""

from interop.conformance.wire import METHODS, PROPERTIES

# What a server sends; clients may send all of them, if only to be refused.
OF_SERVERS = (
    "connection.start", "connection.secure", "connection.tune", "connection.open-ok", "connection.close",
    "connection.close-ok", "connection.blocked", "connection.unblocked", "connection.update-secret-ok",
    "channel.open-ok", "channel.flow-ok", "channel.close", "channel.close-ok", "access.request-ok",
    "exchange.declare-ok", "exchange.delete-ok", "exchange.bind-ok", "exchange.unbind-ok", "queue.declare-ok",
    "queue.bind-ok", "queue.unbind-ok", "queue.purge-ok", "queue.delete-ok", "basic.qos-ok", "basic.consume-ok",
    "basic.cancel-ok", "basic.cancel", "basic.return", "basic.deliver", "basic.get-ok", "basic.get-empty", "basic.ack",
    "basic.nack", "basic.recover-ok", "confirm.select-ok", "tx.select-ok", "tx.commit-ok", "tx.rollback-ok",
)  # fmt: skip
# Methods of clients: each argument is to be sent with a value.
OF_CLIENTS = tuple(sorted(METHODS.keys() - set(OF_SERVERS) | {"connection.close", "channel.close", "basic.cancel"}))
ARGUMENTS = tuple((name, field) for name in OF_CLIENTS for field, _ in METHODS[name].fields)
ARGUMENTS += tuple(("basic.nack", field) for field, _ in METHODS["basic.nack"].fields)
PROPERTY_NAMES = tuple(name for name, _ in PROPERTIES)

# What stands in the tables of these methods.
TABLES = {
    "queue.declare": (
        "x-expires", "x-message-ttl", "x-max-length", "x-max-length-bytes", "x-max-priority", "x-dead-letter-exchange",
        "x-dead-letter-routing-key", "x-dead-letter-strategy", "x-overflow", "x-queue-type", "x-queue-mode",
        "x-queue-version", "x-single-active-consumer", "x-delivery-limit", "x-max-age",
        "x-stream-max-segment-size-bytes", "x-stream-filter-size-bytes", "x-initial-cluster-size",
        "x-quorum-initial-group-size", "x-queue-leader-locator", "x-queue-master-locator", "x-max-in-memory-length",
        "x-max-in-memory-bytes", "x-member-placement-tag", "x-delayed-retry-type", "x-delayed-retry-min",
        "x-delayed-retry-max", "x-consumer-timeout", "x-consumer-disconnected-timeout", "x-name-prefix",
        "x-cancel-on-ha-failover",
    ),
    "basic.consume": (
        "x-priority", "x-stream-offset", "x-stream-filter", "x-stream-match-unfiltered", "x-consumer-timeout",
        "x-cancel-on-ha-failover",
    ),
    "exchange.declare": ("alternate-exchange", "hash-header", "hash-property", "x-recent-history-length"),
    "queue.bind": ("x-match",),
    "exchange.bind": ("x-match",),
    "connection.start-ok": ("capabilities", "connection_name"),
}  # fmt: skip
HEADERS = ("CC", "BCC", "x-death", "x-stream-filter-value", "x-recent-history-no-store")

_ARGUMENT = r"invalid arg '{}' for queue '.*' in vhost '.*': {}"
_NEGATIVE, _TOO_LARGE = r"\{value_negative,-", r"\{value_too_large,"
_WRONG_ARGUMENTS = (
    ("x-expires", r"\{value_zero,0"), ("x-expires", _NEGATIVE), ("x-expires", _TOO_LARGE), ("x-message-ttl", _NEGATIVE),
    ("x-message-ttl", _TOO_LARGE), ("x-message-ttl", '"expected integer, got longstr"'), ("x-max-length", _NEGATIVE),
    ("x-max-length-bytes", _NEGATIVE), ("x-max-priority", r"\{max_value_exceeded,"), ("x-max-priority", _NEGATIVE),
    ("x-dead-letter-routing-key", "routing_key_but_no_dlx_defined"), ("x-dead-letter-strategy", "invalid_dlx_strategy"),
    ("x-overflow", "invalid_overflow"), ("x-queue-type", '"unsupported queue type'),
    ("x-queue-version", '"unsupported queue version'), ("x-queue-mode", ""), ("x-max-age", "invalid_max_age"),
    ("x-single-active-consumer", r"\{unacceptable_type,"), ("x-stream-max-segment-size-bytes", ""),
    ("x-initial-cluster-size", ""), ("x-quorum-initial-group-size", ""), ("x-priority", ""),
    ("x-queue-leader-locator", "invalid_queue_locator_arg"), ("x-stream-offset", r"\{invalid_stream_offset_arg,"),
)  # fmt: skip
_EXPIRATION = "PRECONDITION_FAILED - invalid expiration '.*': "

BEFORE_TUNING = (
    "negotiated frame_max = .* is lower than the minimum allowed value",
    "negotiated frame_max = .* is higher than the maximum allowed value",
    "negotiated channel_max = .* is higher than the maximum allowed value",
    "response .* invalid",
    "AMQPLAIN auth info .* is missing LOGIN or PASSWORD field",
    "uses unsupported type for LOGIN or PASSWORD field",
    "COMMAND_INVALID - unknown authentication mechanism",
)

TEXTS = (
    # Connections.
    "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile",
    "NOT_ALLOWED - vhost .* not found",
    "NOT_ALLOWED - access to vhost '.*' refused for user '.*'\"",
    r"access to vhost '.*' refused for user '.*': connection limit \(\d+\) is reached",
    r"connection refused for user '.*': user connection limit \(\d+\) is reached",
    r"connection refused: node connection limit \(\d+\) is reached",
    "access to vhost '.*' refused for user '.*': vhost '.*' is down",
    *BEFORE_TUNING,
    "CHANNEL_ERROR - unexpected method in connection state running",
    "New secret was refused by one of the backends",
    "CONNECTION_FORCED - vhost '.*' is deleted",
    "CONNECTION_FORCED - user '.*' is deleted",
    "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
    "CONNECTION_FORCED - Closed via management plugin",
    "CONNECTION_FORCED - Node was put into maintenance mode",
    "CONNECTION_FORCED - credential expired",
    "connection.blocked reason='low on memory'",
    "connection.blocked reason='low on disk'",
    "connection.blocked reason='low on disk & memory'",
    # Frames.
    r"FRAME_ERROR - type \d, .*frame_too_large",
    r"FRAME_ERROR - type \d, .*first 16 octets = .*invalid_frame_end_marker",
    r"FRAME_ERROR - type \d, all octets = .*invalid_frame_end_marker",
    "FRAME_ERROR - .*unknown_frame",
    "FRAME_ERROR - cannot decode",
    "FRAME_ERROR - Malformed UTF-8 in shortstr",
    "UNEXPECTED_FRAME - type 8, all octets = <<>>",
    "UNEXPECTED_FRAME - expected method frame, got non method frame instead",
    "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead",
    "UNEXPECTED_FRAME - expected content header for class 60, got one for class",
    "UNEXPECTED_FRAME - expected content body, got non content body frame instead",
    "FRAME_ERROR - content body frame exceeds remaining content size",
    r"FRAME_ERROR - content body size \d+ exceeds maximum allowed size",
    "COMMAND_INVALID - unimplemented method",
    # Channels.
    r"number of channels opened \(\d+\) has reached the negotiated channel_max \(\d+\)",
    "number of channels opened for user '.*' has reached the maximum allowed user limit",
    "number of channels opened on node '.*' has reached the maximum allowed limit",
    "CHANNEL_ERROR - second 'channel.open' seen",
    "CHANNEL_ERROR - expected 'channel.open'",
    "NOT_IMPLEMENTED - active=false",
    # Permissions.
    *(f"ACCESS_REFUSED - {verb} access to queue '.*' in vhost" for verb in ("configure", "write", "read")),
    *(f"ACCESS_REFUSED - {verb} access to exchange '.*' in vhost" for verb in ("configure", "write", "read")),
    "ACCESS_REFUSED - write access to exchange 'amq.default' in vhost",
    *(f"ACCESS_REFUSED - {verb} access to topic '.*' in exchange '.*' in vhost" for verb in ("write", "read")),
    # Exchanges and bindings.
    r"ACCESS_REFUSED - exchange name '.*' contains reserved prefix 'amq\.\*'",
    "ACCESS_REFUSED - operation not permitted on the default exchange",
    "ACCESS_REFUSED - deletion of system exchange '.*' in vhost '.*' not allowed",
    "NOT_FOUND - no exchange '.*' in vhost",
    *(f"inequivalent arg '{name}' for exchange" for name in ("type", "durable", "auto_delete", "internal")),
    "inequivalent arg 'alternate-exchange' for exchange",
    "invalid type '.*' for arg 'alternate-exchange' in exchange",
    "PRECONDITION_FAILED - unknown exchange type",
    "PRECONDITION_FAILED - invalid exchange type",
    "PRECONDITION_FAILED - exchange '.*' in vhost '.*' in use",
    "cannot declare exchange '.*' in vhost '.*': exchange limit of",
    "Invalid x-match field value .*; expected all, any, all-with-x, or any-with-x",
    r"Invalid x-match field type \w+ \(value .*\); expected longstr",
    "The binding key must be an integer",
    "The binding key must be greater than 0",
    "hash-header and hash-property are mutually exclusive",
    "Unsupported property",
    # Queues.
    r"ACCESS_REFUSED - queue name '.*' contains reserved prefix 'amq\.\*'",
    "ACCESS_REFUSED - cannot bind or unbind to a volatile",
    "NOT_FOUND - no queue '.*' in vhost",
    "NOT_FOUND - no previously declared queue",
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue",
    *(f"inequivalent arg '{name}' for queue" for name in ("durable", "auto_delete", "x-queue-type", "x-message-ttl")),
    r"received the value '.*' of type '\w+' but current is none",
    r"received none but current is the value '.*' of type '\w+'",
    "received '.*' but current is '.*'",
    *(_ARGUMENT.format(name, why) for name, why in _WRONG_ARGUMENTS),
    *(f"invalid arg '.*' for queue '.*' of queue type rabbit_{kind}_queue" for kind in ("classic", "quorum", "stream")),
    "invalid type '.*' for arg 'x-dead-letter-exchange' in queue",
    "Invalid value for  x-stream-filter-size-bytes",
    *(f"invalid property '{name}' for queue" for name in ("auto-delete", "exclusive-owner", "non-durable")),
    *(f"Cannot declare a server-named queue for type rabbit_{kind}_queue" for kind in ("quorum", "stream")),
    r"cannot declare queue '.*': queue limit in vhost '.*' \(\d+\) is reached",
    r"queue limit in cluster \(\d+\) is reached",
    "Feature `transient_nonexcl_queues` is deprecated",
    "PRECONDITION_FAILED - queue '.*' in vhost '.*' in use",
    "PRECONDITION_FAILED - queue '.*' in vhost '.*' not empty",
    "NOT_IMPLEMENTED - cannot delete queue '.*queue.delete operations with if-unused flag set are not supported",
    "NOT_IMPLEMENTED - cannot delete queue '.*queue.delete operations with if-empty flag set are not supported",
    "NOT_IMPLEMENTED - queue.purge not supported by stream queues",
    # Publishing.
    "NOT_IMPLEMENTED - immediate=true",
    "ACCESS_REFUSED - cannot publish to internal exchange",
    "reply_code=312 reply_text='NO_ROUTE'",
    *(_EXPIRATION + why for why in ("no_integer", r"\{leftover_string,", _NEGATIVE, _TOO_LARGE)),
    r"PRECONDITION_FAILED - message size \d+ is larger than configured max size \d+",
    r"PRECONDITION_FAILED - invalid message: \{unacceptable_type_in_header,",
    "PRECONDITION_FAILED - user_id property set to '.*' but authenticated user was",
    "PRECONDITION_FAILED - fast reply consumer does not exist",
    "PRECONDITION_FAILED - cannot switch from confirm to tx mode",
    "PRECONDITION_FAILED - cannot switch from tx to confirm mode",
    "PRECONDITION_FAILED - channel is not transactional",
    "PRECONDITION_FAILED - partial tx completion",
    "unexpected command while processing 'tx.commit'",
    # Consuming.
    "ACCESS_REFUSED - queue '.*' in vhost '.*' in exclusive use",
    "NOT_ALLOWED - attempt to reuse consumer tag",
    r"reached maximum \(\d+\) of consumers per channel",
    "PRECONDITION_FAILED - reply consumer already set",
    "PRECONDITION_FAILED - reply consumer cannot acknowledge",
    "PRECONDITION_FAILED - consumer prefetch count is not set for stream queue",
    "NOT_IMPLEMENTED - automatic acknowledgement not supported by stream queue",
    "NOT_IMPLEMENTED - basic.get not supported by stream queues",
    "basic.get operations are not supported by quorum queues with single active consumer",
    "NOT_IMPLEMENTED - queue '.*' in vhost '.*' does not support global qos",
    "does not have a running replica on the local node",
    "PRECONDITION_FAILED - unknown delivery tag",
    r"delivery acknowledgement on channel \d+ timed out",
    "NOT_IMPLEMENTED - requeue=false",
    r"NOT_IMPLEMENTED - prefetch_size!=0 \(\d+\)",
)
