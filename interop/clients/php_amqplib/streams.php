<?php

declare(strict_types=1);

/** The steps about streams: a queue of x-queue-type stream, read from every kind of offset. */

const STREAM_LENGTH = 10;

/** A step that fills a stream and reads it from an offset; the work is given a function for the next offset. */
function reading(mixed $offset, callable $work): callable
{
    $told = function (Rabbit $rabbit, Teller $t, string $queue) use ($offset, $work): void {
        $rabbit->send($queue, ...array_map(strval(...), range(0, STREAM_LENGTH - 1)));
        $rabbit->channel->basic_qos(0, 5, false); // a stream is not read without a prefetch, nor without acks
        $inbox = $rabbit->consume($queue, false, ['x-stream-offset' => $offset]);
        $next = function () use ($rabbit, $t, $inbox): int {
            $message = $rabbit->next($inbox);
            $message->ack();
            $at = Rabbit::headers($message)['x-stream-offset'];
            $t->equal($message->getBody(), "$at");
            return $at;
        };
        $work($next, $t, $rabbit, $queue);
    };
    return Rabbit::onQueue('story.stream', ['x-queue-type' => 'stream'], $told);
}

/** Reads on until the last message, of which none is left out; gives the first offset. */
function readToEnd(callable $next, Teller $t): int
{
    $first = $next();
    for ($offset = $first + 1; $offset < STREAM_LENGTH; $offset++) {
        $t->equal($next(), $offset);
    }
    return $first;
}

$fromStart = fn (callable $next, Teller $t) => $t->equal(readToEnd($next, $t), 0);

return [
    'stream_first' => reading('first', $fromStart),
    // "last" is the last chunk, which may hold more than the last message.
    'stream_last' => reading('last', readToEnd(...)),
    'stream_next' => reading('next', function (callable $next, Teller $t, Rabbit $rabbit, string $queue): void {
        $rabbit->send($queue, (string) STREAM_LENGTH);
        $t->equal($next(), STREAM_LENGTH);
    }),
    'stream_offset' => reading(6, fn (callable $next, Teller $t) => $t->equal(readToEnd($next, $t), 6)),
    'stream_timestamp' => reading(new DateTime('1 hour ago'), $fromStart),
    'stream_interval' => reading('1h', $fromStart),
];
