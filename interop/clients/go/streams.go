package main

import (
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// streams holds the steps about streams: a queue of x-queue-type stream, read from every kind of offset.
var streams = []step{
	{"stream_first", reading("first", fromStart)},
	// "last" is the last chunk, which may hold more than the last message.
	{"stream_last", reading("last", func(r *reader) { r.toEnd(r.next()) })},
	{"stream_next", reading("next", func(r *reader) {
		r.ch.send(streamQueue, strconv.Itoa(streamLength))
		r.t.equal(r.next(), int64(streamLength))
	})},
	{"stream_offset", reading(int64(6), func(r *reader) {
		first := r.next()
		r.t.equal(first, int64(6))
		r.toEnd(first)
	})},
	{"stream_timestamp", reading(time.Now().Add(-time.Hour), fromStart)},
	{"stream_interval", reading("1h", fromStart)},
}

const (
	streamQueue  = "story.stream"
	streamLength = 10
)

// reader reads the stream of a step.
type reader struct {
	t          *teller
	ch         *channel
	deliveries <-chan amqp.Delivery
}

// reading makes a step that fills a stream and reads it from an offset.
func reading(offset interface{}, work func(r *reader)) func(t *teller) {
	return onQueue(streamQueue, amqp.Table{"x-queue-type": "stream"}, func(t *teller, ch *channel, queue string) {
		for number := 0; number < streamLength; number++ {
			ch.send(queue, strconv.Itoa(number))
		}
		t.noError(ch.Qos(5, 0, false)) // a stream is not read without a prefetch, nor without acks
		work(&reader{t, ch, ch.consume(queue, false, amqp.Table{"x-stream-offset": offset})})
	})
}

// next gives the offset of the next message, which is its text, too.
func (r *reader) next() int64 {
	delivery := r.t.next(r.deliveries)
	r.t.noError(delivery.Ack(false))
	offset, numbered := delivery.Headers["x-stream-offset"].(int64)
	r.t.holds(numbered, "x-stream-offset is a number")
	r.t.equal(string(delivery.Body), strconv.FormatInt(offset, 10))
	return offset
}

// toEnd reads on until the last message; none is left out.
func (r *reader) toEnd(first int64) {
	for offset := first + 1; offset < streamLength; offset++ {
		r.t.equal(r.next(), offset)
	}
}

func fromStart(r *reader) {
	first := r.next()
	r.t.equal(first, int64(0))
	r.toEnd(first)
}
