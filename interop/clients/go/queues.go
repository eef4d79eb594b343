package main

import (
	"context"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// queues holds the steps about what queues do by themselves, about transactions and about calls.
var queues = []step{
	{"priorities", onQueue("story.priorities", amqp.Table{"x-max-priority": int32(10)}, priorities)},
	{"dead_letter", withDeadLetters("story.dead_letter", nil, deadLetter)},
	{"message_ttl", messageTTL},
	{"max_length", maxLength},
	{"transactions", transactions},
	{"rpc", onChannel(rpc)},
	{"quorum", withDeadLetters("story.quorum", amqp.Table{
		"x-queue-type": "quorum", "x-delivery-limit": int32(2),
	}, quorum)},
}

// lettersWork is told about a queue and its dead letters.
type lettersWork func(t *teller, ch *channel, queue string, letters <-chan amqp.Delivery)

// withDeadLetters makes a step of work on a queue whose dead letters go to another; both are gone afterwards.
func withDeadLetters(name string, more amqp.Table, work lettersWork) func(t *teller) {
	dead := name + ".dead"
	args := amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead}
	for key, value := range more {
		args[key] = value
	}
	return onQueue(dead, nil, func(t *teller, ch *channel, _ string) {
		ch.declare(name, args)
		letters, err := ch.Consume(dead, "letters", true, false, false, false, nil)
		t.noError(err)
		work(t, ch, name, letters)
		ch.delete(name)
	})
}

// died asserts the first x-death entry of a letter, and gives it.
func (t *teller) died(letter amqp.Delivery, queue, reason string) amqp.Table {
	deaths, listed := letter.Headers["x-death"].([]interface{})
	t.holds(listed, "x-death is a list")
	death := deaths[0].(amqp.Table)
	t.equal(death["queue"], queue)
	t.equal(death["reason"], reason)
	t.equal(death["count"], int64(1))
	t.equal(death["exchange"], "")
	_, timed := death["time"].(time.Time)
	t.holds(timed, "a death has its time")
	t.equal(letter.Headers["x-first-death-reason"], reason)
	return death
}

func priorities(t *teller, ch *channel, queue string) {
	for _, priority := range []uint8{1, 9, 5, 9} {
		body := []byte(strconv.Itoa(int(priority)))
		t.holds(ch.publish("", queue, amqp.Publishing{Priority: priority, Body: body}), "confirmed")
	}
	t.equal(ch.drain(queue), []string{"9", "9", "5", "1"})
}

func deadLetter(t *teller, ch *channel, queue string, letters <-chan amqp.Delivery) {
	ch.send(queue, "refused")
	refused := t.next(ch.consume(queue, false, nil))
	t.noError(refused.Reject(false))
	letter := t.next(letters)
	t.equal(string(letter.Body), "refused")
	t.died(letter, queue, "rejected")
}

func messageTTL(t *teller) {
	expiring := amqp.Table{"x-message-ttl": int32(50)}
	withDeadLetters("story.ttl", expiring, func(t *teller, ch *channel, queue string, letters <-chan amqp.Delivery) {
		ch.send(queue, "the queue's")
		letter := t.next(letters)
		t.equal(string(letter.Body), "the queue's")
		t.died(letter, queue, "expired")
	})(t)
	withDeadLetters("story.ttl.own", nil, func(t *teller, ch *channel, queue string, letters <-chan amqp.Delivery) {
		ch.publish("", queue, amqp.Publishing{Expiration: "50", Body: []byte("its own")})
		letter := t.next(letters)
		t.equal(string(letter.Body), "its own")
		t.equal(t.died(letter, queue, "expired")["original-expiration"], "50")
		t.equal(letter.Expiration, "")
	})(t)
}

func maxLength(t *teller) {
	const queue = "story.max_length"
	dropping := amqp.Table{"x-max-length": int32(2)}
	onQueue(queue, dropping, func(t *teller, ch *channel, queue string) {
		ch.send(queue, "1", "2", "3")
		t.equal(ch.drain(queue), []string{"2", "3"})
	})(t)
	refusing := amqp.Table{"x-max-length": int32(2), "x-overflow": "reject-publish"}
	onQueue(queue, refusing, func(t *teller, ch *channel, queue string) {
		ch.send(queue, "1", "2")
		t.holds(!ch.publish("", queue, text("3")), "the third is nacked")
		t.equal(ch.drain(queue), []string{"1", "2"})
	})(t)
}

func transactions(t *teller) {
	const queue = "story.tx"
	connection := t.connect()
	defer connection.Close()
	looking := t.open(connection)
	looking.declare(queue, nil)
	tx, err := connection.Channel()
	t.noError(err)
	t.noError(tx.Tx())
	t.noError(tx.PublishWithContext(context.Background(), "", queue, false, false, text("undone")))
	t.noError(tx.TxRollback())
	t.noError(tx.PublishWithContext(context.Background(), "", queue, false, false, text("done")))
	looking.isEmpty(queue)
	t.noError(tx.TxCommit())
	t.equal(looking.drain(queue), []string{"done"})
	looking.delete(queue)
}

func rpc(t *teller, server *channel, connection *amqp.Connection) {
	const queue, replyTo = "story.rpc", "amq.rabbitmq.reply-to"
	server.declare(queue, nil)
	calls := server.consume(queue, true, nil)
	client := t.open(connection)
	answers := client.consume(replyTo, true, nil)
	client.publish("", queue, amqp.Publishing{ReplyTo: replyTo, CorrelationId: "call-1", Body: []byte("21")})

	call := t.next(calls)
	t.matches(`^amq\.rabbitmq\.reply-to\..`, call.ReplyTo)
	number, err := strconv.Atoi(string(call.Body))
	t.noError(err)
	answer := amqp.Publishing{CorrelationId: call.CorrelationId, Body: []byte(strconv.Itoa(2 * number))}
	t.holds(server.publish("", call.ReplyTo, answer), "confirmed")

	got := t.next(answers)
	t.equal([]string{string(got.Body), got.CorrelationId}, []string{"42", "call-1"})
	server.delete(queue)
}

func quorum(t *teller, ch *channel, queue string, letters <-chan amqp.Delivery) {
	ch.send(queue, "poison")
	deliveries := ch.consume(queue, false, nil)
	for _, count := range []interface{}{nil, int64(1), int64(2)} {
		delivery := t.next(deliveries)
		t.equal(delivery.Headers["x-delivery-count"], count)
		t.noError(delivery.Nack(false, true))
	}
	t.died(t.next(letters), queue, "delivery_limit")
}
