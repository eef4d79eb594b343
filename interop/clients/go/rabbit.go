package main

import (
	"context"
	"errors"

	amqp "github.com/rabbitmq/amqp091-go"
)

// channel is a channel in confirm mode whose every refusal ends the step.
type channel struct {
	*amqp.Channel
	t *teller
}

// connect opens a connection of the step's own.
func (t *teller) connect() *amqp.Connection {
	connection, err := amqp.Dial(t.url)
	t.noError(err)
	return connection
}

// open opens a channel with confirms.
func (t *teller) open(connection *amqp.Connection) *channel {
	opened, err := connection.Channel()
	t.noError(err)
	t.noError(opened.Confirm(false))
	return &channel{opened, t}
}

// onChannel makes a step of work on a channel and a connection of its own.
func onChannel(work func(t *teller, ch *channel, connection *amqp.Connection)) func(t *teller) {
	return func(t *teller) {
		connection := t.connect()
		defer connection.Close()
		work(t, t.open(connection), connection)
		t.noError(connection.Close())
	}
}

// onQueue makes a step of work on a transient queue, which is gone afterwards.
func onQueue(queue string, args amqp.Table, work func(t *teller, ch *channel, queue string)) func(t *teller) {
	return onChannel(func(t *teller, ch *channel, _ *amqp.Connection) {
		ch.declare(queue, args)
		work(t, ch, queue)
		ch.delete(queue)
	})
}

// declare makes an empty queue: transient, or durable where its type demands it.
func (ch *channel) declare(queue string, args amqp.Table) {
	_, typed := args["x-queue-type"]
	_, err := ch.QueueDeclare(queue, typed, false, false, false, args)
	ch.t.noError(err)
}

func (ch *channel) delete(queue string) {
	_, err := ch.QueueDelete(queue, false, false, false)
	ch.t.noError(err)
}

// publish sends a message and waits for the broker's word; false is a nack.
func (ch *channel) publish(exchange, key string, message amqp.Publishing) bool {
	confirmation, err := ch.PublishWithDeferredConfirmWithContext(
		context.Background(), exchange, key, false, false, message)
	ch.t.noError(err)
	return confirmation.Wait()
}

// send puts texts into a queue.
func (ch *channel) send(queue string, bodies ...string) {
	for _, body := range bodies {
		ch.t.holds(ch.publish("", queue, text(body)), body+" was confirmed")
	}
}

func (ch *channel) consume(queue string, autoAck bool, args amqp.Table) <-chan amqp.Delivery {
	deliveries, err := ch.Consume(queue, "story", autoAck, false, false, false, args)
	ch.t.noError(err)
	return deliveries
}

// get takes a message that has to be there.
func (ch *channel) get(queue string, autoAck bool) amqp.Delivery {
	delivery, found, err := ch.Get(queue, autoAck)
	ch.t.noError(err)
	ch.t.holds(found, "a message in "+queue)
	return delivery
}

func (ch *channel) isEmpty(queue string) {
	_, found, err := ch.Get(queue, true)
	ch.t.noError(err)
	ch.t.holds(!found, queue+" is empty")
}

// drain takes everything that is in a queue now.
func (ch *channel) drain(queue string) []string {
	bodies := []string{}
	for {
		delivery, found, err := ch.Get(queue, true)
		ch.t.noError(err)
		if !found {
			return bodies
		}
		bodies = append(bodies, string(delivery.Body))
	}
}

func (ch *channel) inspect(queue string) amqp.Queue {
	state, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	ch.t.noError(err)
	return state
}

// next waits for a delivery.
func (t *teller) next(deliveries <-chan amqp.Delivery) amqp.Delivery {
	delivery, open := <-deliveries
	t.holds(open, "the consumer goes on")
	return delivery
}

// refused asserts that an error is the broker's refusal with this code.
func (t *teller) refused(err error, code int) *amqp.Error {
	var refusal *amqp.Error
	t.holds(errors.As(err, &refusal), "the broker refuses")
	t.equal(refusal.Code, code)
	return refusal
}

func text(body string) amqp.Publishing {
	return amqp.Publishing{ContentType: "text/plain", Body: []byte(body)}
}
