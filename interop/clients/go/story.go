// The story of amqp091-go: what a user of it does with a broker, step by step. `story URL`.
package main

import (
	"errors"
	"net/url"
	"os"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func main() {
	story := []step{
		{"connect", connect},
		{"wrong_password", wrongPassword},
		{"wrong_vhost", wrongVhost},
		{"topology", onChannel(topology)},
	}
	for _, part := range [][]step{routing, messages, queues, streams, mistakes} {
		story = append(story, part...)
	}
	story = append(story, step{"restart", restart}, step{"close", closing})
	for _, part := range story {
		part.run(os.Args[1])
	}
}

func connect(t *teller) {
	connection := t.connect()
	t.equal(connection.Properties["product"], "RabbitMQ")
	capabilities := connection.Properties["capabilities"].(amqp.Table)
	t.equal(capabilities["publisher_confirms"], true)
	t.equal(capabilities["consumer_cancel_notify"], true)
	t.noError(connection.Close())
}

func wrongPassword(t *teller) {
	wrong, err := url.Parse(t.url)
	t.noError(err)
	wrong.User = url.UserPassword("guest", "wrong")
	_, err = amqp.Dial(wrong.String())
	t.holds(errors.Is(err, amqp.ErrCredentials), "the credentials are refused")
	t.saw(err)
}

func wrongVhost(t *teller) {
	_, err := amqp.DialConfig(t.url, amqp.Config{Vhost: "story.nowhere"})
	t.holds(errors.Is(err, amqp.ErrVhost), "the vhost is refused")
	t.saw(err)
}

func topology(t *teller, ch *channel, connection *amqp.Connection) {
	const exchange, queue, passing = "story.topology", "story.topology", "story.topology.passing"
	t.noError(ch.ExchangeDeclare(exchange, "direct", true, false, false, false, nil))
	t.noError(ch.ExchangeDeclarePassive(exchange, "direct", true, false, false, false, nil))
	t.noError(ch.ExchangeDeclare(passing, "fanout", false, true, false, false, nil))
	named, err := ch.QueueDeclare(queue, true, false, false, false, nil)
	t.noError(err)
	t.equal(named, amqp.Queue{Name: queue})
	own, err := ch.QueueDeclare("", false, true, true, false, nil)
	t.noError(err)
	t.matches(`^amq\.gen-`, own.Name)

	t.noError(ch.QueueBind(queue, "key", exchange, false, nil))
	for _, body := range []string{"one", "two", "three"} {
		t.holds(ch.publish(exchange, "key", text(body)), "confirmed")
	}
	t.equal(ch.inspect(queue).Messages, 3)
	purged, err := ch.QueuePurge(queue, false)
	t.noError(err)
	t.equal(purged, 3)
	t.noError(ch.QueueUnbind(queue, "key", exchange, nil))
	t.holds(ch.publish(exchange, "key", text("nowhere")), "confirmed")
	t.equal(ch.inspect(queue).Messages, 0)

	ch.send(queue, "left")
	_, err = t.open(connection).QueueDelete(queue, false, true, false)
	t.matches("not empty", t.refused(err, amqp.PreconditionFailed).Reason)
	t.next(ch.consume(queue, true, nil))
	_, err = t.open(connection).QueueDelete(queue, true, false, false)
	t.matches("in use", t.refused(err, amqp.PreconditionFailed).Reason)
	t.noError(ch.Cancel("story", false))
	ch.send(queue, "left")
	left, err := ch.QueueDelete(queue, true, false, false)
	t.noError(err)
	t.equal(left, 1)

	// An auto-delete exchange goes with its last binding.
	t.noError(ch.QueueBind(own.Name, "", passing, false, nil))
	t.noError(ch.QueueUnbind(own.Name, "", passing, nil))
	err = t.open(connection).ExchangeDeclarePassive(passing, "fanout", false, true, false, false, nil)
	t.refused(err, amqp.NotFound)
	t.noError(ch.ExchangeDelete(exchange, true, false))
}

// restart: amqp091-go leaves recovery to its user, who hears NotifyClose and dials again.
func restart(t *teller) {
	const queue = "story.restart"
	connection := t.connect()
	ch := t.open(connection)
	_, err := ch.QueueDeclare(queue, true, false, false, false, nil)
	t.noError(err)
	message := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("before")}
	t.holds(ch.publish("", queue, message), "confirmed")
	first := t.next(ch.consume(queue, false, nil))
	t.equal(string(first.Body), "before")
	lost := connection.NotifyClose(make(chan *amqp.Error, 1))

	t.brokerRestarted()
	problem := <-lost
	t.holds(problem != nil, "the connection was lost")
	for connection, err = amqp.Dial(t.url); err != nil; connection, err = amqp.Dial(t.url) {
		time.Sleep(100 * time.Millisecond)
	}
	ch = t.open(connection)
	deliveries := ch.consume(queue, false, nil)
	again := t.next(deliveries)
	t.equal(string(again.Body), "before")
	t.equal(again.DeliveryMode, amqp.Persistent)
	t.noError(again.Ack(false))
	ch.send(queue, "after")
	after := t.next(deliveries)
	t.equal(string(after.Body), "after")
	t.noError(after.Ack(false))
	ch.delete(queue)
	t.noError(connection.Close())
}

func closing(t *teller) {
	connection := t.connect()
	ch := t.open(connection)
	channelClosed := ch.NotifyClose(make(chan *amqp.Error, 1))
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	t.noError(ch.Close())
	t.equal(<-channelClosed, (*amqp.Error)(nil))
	t.noError(connection.Close())
	t.equal(<-closed, (*amqp.Error)(nil))
	t.holds(connection.IsClosed(), "it is closed")
	_, err := connection.Channel()
	t.holds(errors.Is(err, amqp.ErrClosed), "no channel after the end")
}
