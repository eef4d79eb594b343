"""x-random: one binding by chance, whatever the key. Source: RabbitMQ's plugin rabbitmq_random_exchange."""

from broker.exchanges.choice import ChanceExchange


class RandomExchange(ChanceExchange):
    """A destination that is bound twice comes twice as often."""

    __slots__ = ()

    kind = "x-random"
