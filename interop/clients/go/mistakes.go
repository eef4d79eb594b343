package main

import amqp "github.com/rabbitmq/amqp091-go"

// mistakes holds the steps about errors: what the user of amqp091-go sees, and that the connection goes on.
var mistakes = []step{
	{"error_not_found", onChannel(notFound)},
	{"error_precondition", onChannel(precondition)},
	{"error_access_refused", onChannel(accessRefused)},
	{"error_unknown_tag", onChannel(unknownTag)},
	{"channel_survives", onChannel(channelSurvives)},
}

func notFound(t *teller, ch *channel, _ *amqp.Connection) {
	_, err := ch.QueueDeclarePassive("story.missing", true, false, false, false, nil)
	t.saw(t.refused(err, amqp.NotFound))
}

func precondition(t *teller, ch *channel, connection *amqp.Connection) {
	const queue = "story.precondition"
	ch.declare(queue, nil)
	_, err := ch.QueueDeclare(queue, false, false, false, false, amqp.Table{"x-max-length": int32(5)})
	t.saw(t.refused(err, amqp.PreconditionFailed))
	t.open(connection).delete(queue)
}

func accessRefused(t *teller, ch *channel, connection *amqp.Connection) {
	t.saw(t.refused(ch.ExchangeDelete("amq.direct", false, false), amqp.AccessRefused))

	const queue = "story.exclusive"
	owner := t.open(connection)
	_, err := owner.QueueDeclare(queue, false, false, true, false, nil)
	t.noError(err)
	others := t.connect()
	defer others.Close()
	_, err = t.open(others).QueueDeclarePassive(queue, false, false, true, false, nil)
	t.saw(t.refused(err, amqp.ResourceLocked))
	owner.delete(queue)
}

func unknownTag(t *teller, ch *channel, _ *amqp.Connection) {
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	t.noError(ch.Ack(77, false))
	t.saw(t.refused(<-closed, amqp.PreconditionFailed))
}

func channelSurvives(t *teller, ch *channel, connection *amqp.Connection) {
	err := ch.ExchangeDeclarePassive("story.missing", "direct", true, false, false, false, nil)
	t.refused(err, amqp.NotFound)
	next := t.open(connection)
	own, err := next.QueueDeclare("", false, true, true, false, nil)
	t.noError(err)
	next.send(own.Name, "goes on")
	t.equal(string(t.next(next.consume(own.Name, true, nil)).Body), "goes on")
}
