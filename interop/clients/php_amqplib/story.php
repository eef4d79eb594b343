<?php

declare(strict_types=1);

/** The story of php-amqplib: what a user of it does with a broker, step by step. `php story.php URL`. */

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Exception\AMQPConnectionClosedException;
use PhpAmqpLib\Exception\AMQPExceptionInterface;
use PhpAmqpLib\Message\AMQPMessage;

require_once 'PhpAmqpLib/autoload.php';
require_once __DIR__ . '/Teller.php';
require_once __DIR__ . '/Rabbit.php';

function connect(Teller $t): void
{
    $connection = Rabbit::connect($t->url);
    $properties = $connection->getServerProperties();
    $t->equal($properties['product'][1], 'RabbitMQ');
    $t->equal($connection->isConnected(), true);
    $connection->close();
}

function wrongPassword(Teller $t): void
{
    $refused = fn () => Rabbit::connect($t->url, pass: 'wrong');
    $t->saw($t->refused(AMQPConnectionClosedException::class, $refused));
}

function wrongVhost(Teller $t): void
{
    $refused = fn () => Rabbit::connect($t->url, vhost: 'story.nowhere');
    $t->saw($t->refused(AMQPConnectionClosedException::class, $refused));
}

function topology(Rabbit $rabbit, Teller $t): void
{
    [$exchange, $queue, $passing] = ['story.topology', 'story.topology', 'story.topology.passing'];
    $channel = $rabbit->channel;
    $channel->exchange_declare($exchange, 'direct', false, true, false);
    $channel->exchange_declare($exchange, 'direct', true);
    $channel->exchange_declare($passing, 'fanout', false, false, true);
    $t->equal($channel->queue_declare($queue, false, true, false, false), [$queue, 0, 0]);
    [$own] = $channel->queue_declare('', false, false, true, true);
    $t->matches('/^amq\.gen-/', $own);

    $channel->queue_bind($queue, $exchange, 'key');
    foreach (['one', 'two', 'three'] as $body) {
        $rabbit->publish($exchange, 'key', $body);
    }
    $t->equal($rabbit->messagesIn($queue), 3);
    $t->equal($channel->queue_purge($queue), 3);
    $channel->queue_unbind($queue, $exchange, 'key');
    $rabbit->publish($exchange, 'key', 'nowhere');
    $t->equal($rabbit->messagesIn($queue), 0);

    $rabbit->send($queue, 'left');
    $full = $rabbit->refused(406, fn (AMQPChannel $other) => $other->queue_delete($queue, false, true));
    $t->matches('/not empty/', $full->getMessage());
    $tag = $channel->basic_consume($queue, '', false, true, false, false, fn (AMQPMessage $message) => null);
    $used = $rabbit->refused(406, fn (AMQPChannel $other) => $other->queue_delete($queue, true));
    $t->matches('/in use/', $used->getMessage());
    $channel->basic_cancel($tag);
    $rabbit->send($queue, 'left');
    $t->equal($channel->queue_delete($queue, true), 1);

    // An auto-delete exchange goes with its last binding.
    $channel->queue_bind($own, $passing);
    $channel->queue_unbind($own, $passing);
    $rabbit->refused(404, fn (AMQPChannel $other) => $other->exchange_declare($passing, 'fanout', true));
    $channel->exchange_delete($exchange, true);
}

/** php-amqplib's own recovery: reconnect() of the same connection; channels and consumers are made again. */
function restart(Teller $t): void
{
    $queue = 'story.restart';
    $connection = Rabbit::connect($t->url);
    $rabbit = new Rabbit($t, $connection);
    $rabbit->channel->queue_declare($queue, false, true, false, false);
    $rabbit->publish('', $queue, 'before', ['delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT]);
    $first = $rabbit->next($rabbit->consume($queue, false));
    $t->equal([$first->getBody(), $first->isRedelivered()], ['before', false]);

    $t->brokerRestarted();
    $t->refused(AMQPExceptionInterface::class, fn () => $rabbit->channel->wait(null, false, 5));
    $connection->reconnect();
    $rabbit = new Rabbit($t, $connection);
    $inbox = $rabbit->consume($queue, false);
    $again = $rabbit->next($inbox);
    $t->equal([$again->getBody(), $again->get('delivery_mode')], ['before', 2]);
    $again->ack();
    $rabbit->send($queue, 'after');
    $after = $rabbit->next($inbox);
    $t->equal($after->getBody(), 'after');
    $after->ack();
    $rabbit->channel->queue_delete($queue);
    $connection->close();
}

function close(Teller $t): void
{
    $connection = Rabbit::connect($t->url);
    $channel = $connection->channel();
    $channel->close();
    $t->equal($channel->is_open(), false);
    $connection->close();
    $t->equal($connection->isConnected(), false);
}

Teller::tell($argv[1], [
    'connect' => connect(...),
    'wrong_password' => wrongPassword(...),
    'wrong_vhost' => wrongVhost(...),
    'topology' => Rabbit::onChannel(topology(...)),
    ...require __DIR__ . '/routing.php',
    ...require __DIR__ . '/messages.php',
    ...require __DIR__ . '/queues.php',
    ...require __DIR__ . '/streams.php',
    ...require __DIR__ . '/mistakes.php',
    'restart' => restart(...),
    'close' => close(...),
]);
