"""Policies: what an operator says of queues and exchanges by their names, laid over what clients asked for.

Everything here is pure: what a policy may say (``keys``), whom it means (``policy``), which one counts (``policies``)
and what arguments and policies come to together (``effective``). Who has to be told of a change is the virtual host's
business. Source: RabbitMQ's rabbit_policy, rabbit_policies and rabbit_queue_type_util, and what 3.10 and 4.0 answered.
"""
