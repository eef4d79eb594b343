<?php

declare(strict_types=1);

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPProtocolChannelException;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

/** What every step does with php-amqplib: a connection and a channel of its own, messages into an inbox. */
final class Rabbit
{
    private const PATIENCE_S = 5;

    public readonly AMQPChannel $channel;

    public function __construct(public readonly Teller $t, public readonly AMQPStreamConnection $connection)
    {
        $this->channel = $connection->channel();
        $this->channel->confirm_select();
    }

    public static function connect(string $url, string ...$other): AMQPStreamConnection
    {
        $at = parse_url($url);
        $vhost = $other['vhost'] ?? '/';
        return new AMQPStreamConnection($at['host'], $at['port'], $at['user'], $other['pass'] ?? $at['pass'], $vhost);
    }

    /** A step of work on a channel of a connection of its own. */
    public static function onChannel(callable $work): callable
    {
        return function (Teller $t) use ($work): void {
            $rabbit = new self($t, self::connect($t->url));
            $work($rabbit, $t);
            $rabbit->connection->close();
        };
    }

    /** A step of work on a queue, which is gone afterwards. */
    public static function onQueue(string $queue, array $arguments, callable $work): callable
    {
        return self::onChannel(function (Rabbit $rabbit, Teller $t) use ($queue, $arguments, $work): void {
            $rabbit->declare($queue, $arguments);
            $work($rabbit, $t, $queue);
            $rabbit->channel->queue_delete($queue);
        });
    }

    /** Declares a transient queue, or a durable one where its type demands it. */
    public function declare(string $queue, array $arguments = []): void
    {
        $durable = isset($arguments['x-queue-type']);
        $this->channel->queue_declare($queue, false, $durable, false, false, false, new AMQPTable($arguments));
    }

    /** Publishes and waits until the broker has it. */
    public function publish(string $exchange, string $key, string $body, array $properties = []): void
    {
        $this->channel->basic_publish(new AMQPMessage($body, $properties), $exchange, $key);
        $this->channel->wait_for_pending_acks(self::PATIENCE_S);
    }

    public function send(string $queue, string ...$bodies): void
    {
        foreach ($bodies as $body) {
            $this->publish('', $queue, $body);
        }
    }

    /** Consumes into an inbox. */
    public function consume(
        string $queue,
        bool $noAck = true,
        array $arguments = [],
        ?AMQPChannel $channel = null,
    ): ArrayObject {
        $inbox = new ArrayObject();
        ($channel ?? $this->channel)->basic_consume(
            $queue, 'story.' . bin2hex(random_bytes(4)), false, $noAck, false, false,
            fn (AMQPMessage $message) => $inbox->append($message), null, new AMQPTable($arguments),
        );
        return $inbox;
    }

    /** The next delivery to an inbox, waited for. */
    public function next(ArrayObject $inbox, ?AMQPChannel $channel = null): AMQPMessage
    {
        while (count($inbox) === 0) {
            ($channel ?? $this->channel)->wait(null, false, self::PATIENCE_S);
        }
        $messages = $inbox->getArrayCopy();
        $next = array_shift($messages);
        $inbox->exchangeArray($messages);
        return $next;
    }

    /** Everything that is in a queue now, taken without acks. */
    public function drain(string $queue): array
    {
        $bodies = [];
        while ($message = $this->channel->basic_get($queue, true)) {
            $bodies[] = $message->getBody();
        }
        return $bodies;
    }

    public function messagesIn(string $queue): int
    {
        return $this->channel->queue_declare($queue, true)[1];
    }

    /** Asserts that the broker closes a channel with this code; gives what the user is shown. */
    public function refused(int $code, callable $attempt): AMQPProtocolChannelException
    {
        $channel = $this->connection->channel();
        $problem = $this->t->refused(AMQPProtocolChannelException::class, fn () => $attempt($channel));
        $this->t->equal($problem->getCode(), $code);
        return $problem;
    }

    public static function headers(AMQPMessage $message): array
    {
        return $message->has('application_headers') ? $message->get('application_headers')->getNativeData() : [];
    }
}
