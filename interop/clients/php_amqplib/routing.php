<?php

declare(strict_types=1);

/** The steps about exchanges: which queue a message reaches. */

use PhpAmqpLib\Wire\AMQPTable;

/**
 * A step of work on an exchange and a queue for each binding, all gone afterwards. The work is given a function that
 * publishes (key, body, headers) and one that asserts what a queue holds (label, bodies).
 */
function routed(string $name, string $type, array $bindings, callable $work): callable
{
    return Rabbit::onChannel(function (Rabbit $rabbit, Teller $t) use ($name, $type, $bindings, $work): void {
        $exchange = "story.$name";
        $rabbit->channel->exchange_declare($exchange, $type, false, false, false);
        foreach ($bindings as $label => $binding) {
            [$key, $arguments] = [...(array) $binding, []];
            $rabbit->declare("$exchange.$label");
            $rabbit->channel->queue_bind("$exchange.$label", $exchange, $key, false, new AMQPTable($arguments));
        }
        $publish = fn (string $key, string $body, array $headers = []) =>
            $rabbit->publish($exchange, $key, $body, ['application_headers' => new AMQPTable($headers)]);
        $holds = fn (string $label, string ...$bodies) => $t->equal($rabbit->drain("$exchange.$label"), $bodies);
        $work($publish, $holds, $rabbit, $exchange);
        foreach ($bindings as $label => $binding) {
            $rabbit->channel->queue_delete("$exchange.$label");
        }
        $rabbit->channel->exchange_delete($exchange);
    });
}

$headers = [
    'all' => ['', ['x-match' => 'all', 'colour' => 'red', 'size' => 3]],
    'any' => ['', ['x-match' => 'any', 'colour' => 'red', 'size' => 3]],
    'any-with-x' => ['', ['x-match' => 'any-with-x', 'x-colour' => 'red', 'size' => 4]],
];

return [
    'default_exchange' => Rabbit::onQueue('story.default', [], function (Rabbit $rabbit, Teller $t, string $queue) {
        $rabbit->publish('', $queue, 'by the name of its queue');
        $t->equal($rabbit->drain($queue), ['by the name of its queue']);
    }),
    'direct' => routed('direct', 'direct', ['red' => 'red', 'blue' => 'blue'], function ($publish, $holds) {
        $publish('red', 'r');
        $publish('blue', 'b');
        $publish('green', 'g');
        $holds('red', 'r');
        $holds('blue', 'b');
    }),
    'fanout' => routed('fanout', 'fanout', ['one' => '', 'two' => 'ignored'], function ($publish, $holds) {
        $publish('any', 'to all');
        $holds('one', 'to all');
        $holds('two', 'to all');
    }),
    'topic' => routed(
        'topic',
        'topic',
        ['star' => 'a.*.c', 'hash' => 'a.#', 'all' => '#'],
        function ($publish, $holds) {
            foreach (['a', 'a.b.c', 'a.b.d.c', 'b'] as $key) {
                $publish($key, $key);
            }
            $holds('star', 'a.b.c');
            $holds('hash', 'a', 'a.b.c', 'a.b.d.c');
            $holds('all', 'a', 'a.b.c', 'a.b.d.c', 'b');
        },
    ),
    'headers' => routed('headers', 'headers', $headers, function ($publish, $holds) {
        $publish('', 'both', ['colour' => 'red', 'size' => 3, 'more' => true]);
        $publish('', 'one', ['colour' => 'red', 'size' => 5]);
        $publish('', 'none', ['colour' => 'blue']);
        $publish('', 'x', ['x-colour' => 'red']);
        $holds('all', 'both');
        $holds('any', 'both', 'one');
        $holds('any-with-x', 'x');
    }),
    'exchange_to_exchange' => routed('e2e', 'fanout', ['end' => ''], function ($publish, $holds, $rabbit, $exchange) {
        $source = 'story.e2e.source';
        $rabbit->channel->exchange_declare($source, 'topic', false, false, false);
        $rabbit->channel->exchange_bind($exchange, $source, 'go.#');
        $rabbit->publish($source, 'go.on', 'through two');
        $rabbit->publish($source, 'stay', 'nowhere');
        $holds('end', 'through two');
        $rabbit->channel->exchange_unbind($exchange, $source, 'go.#');
        $rabbit->publish($source, 'go.on', 'unbound');
        $holds('end');
        $rabbit->channel->exchange_delete($source);
    }),
    'alternate_exchange' => routed('alternate', 'fanout', ['rest' => ''], function ($publish, $holds, $rabbit, $rest) {
        $first = 'story.alternate.first';
        $arguments = new AMQPTable(['alternate-exchange' => $rest]);
        $rabbit->channel->exchange_declare($first, 'direct', false, false, false, false, false, $arguments);
        $rabbit->publish($first, 'unknown', 'caught');
        $holds('rest', 'caught');
        $rabbit->channel->exchange_delete($first);
    }),
];
