package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// messages holds the steps about messages on their way: what survives, what is confirmed, returned, held back.
var messages = []step{
	{"properties", onQueue("story.properties", nil, properties)},
	{"empty_and_large", onQueue("story.sizes", nil, emptyAndLarge)},
	{"confirms", onQueue("story.confirms", nil, confirms)},
	{"returns", onChannel(returns)},
	{"acks", onChannel(acks)},
	{"nack_requeue", onQueue("story.nack", nil, nackRequeue)},
	{"reject", onQueue("story.reject", nil, reject)},
	{"prefetch", onQueue("story.prefetch", nil, prefetch)},
	{"get", onQueue("story.get", nil, get)},
	{"cancel", onChannel(cancel)},
}

func properties(t *teller, ch *channel, queue string) {
	sent := amqp.Publishing{
		ContentType:     "application/json",
		ContentEncoding: "utf-8",
		DeliveryMode:    amqp.Persistent,
		Priority:        5,
		CorrelationId:   "c-1",
		ReplyTo:         "answers",
		Expiration:      "60000",
		MessageId:       "m-1",
		Timestamp:       time.Unix(1_700_000_000, 0),
		Type:            "greeting",
		UserId:          "guest",
		AppId:           "story",
		Headers: amqp.Table{
			"str":       "žluťoučký",
			"int":       int32(-42),
			"long":      int64(1 << 40),
			"bool":      true,
			"float":     2.5,
			"bytes":     []byte{0, 255, 128},
			"list":      []interface{}{int32(1), "two", false, amqp.Table{"deep": "yes"}},
			"table":     amqp.Table{"a": amqp.Table{"b": int32(1)}},
			"timestamp": time.Unix(1_700_000_000, 0),
			"decimal":   amqp.Decimal{Scale: 2, Value: 314},
			"nothing":   nil,
		},
		Body: []byte("{}"),
	}
	t.holds(ch.publish("", queue, sent), "confirmed")
	got := ch.get(queue, true)
	t.equal(amqp.Publishing{
		Headers:         got.Headers,
		ContentType:     got.ContentType,
		ContentEncoding: got.ContentEncoding,
		DeliveryMode:    got.DeliveryMode,
		Priority:        got.Priority,
		CorrelationId:   got.CorrelationId,
		ReplyTo:         got.ReplyTo,
		Expiration:      got.Expiration,
		MessageId:       got.MessageId,
		Timestamp:       got.Timestamp,
		Type:            got.Type,
		UserId:          got.UserId,
		AppId:           got.AppId,
		Body:            got.Body,
	}, sent)
}

func emptyAndLarge(t *teller, ch *channel, queue string) {
	large := bytes.Repeat([]byte("leveret "), 1<<17)
	t.holds(ch.publish("", queue, amqp.Publishing{}), "confirmed")
	t.holds(ch.publish("", queue, amqp.Publishing{Body: large}), "confirmed")
	t.equal(len(ch.get(queue, true).Body), 0)
	t.holds(bytes.Equal(ch.get(queue, true).Body, large), "the large body survives")
}

func confirms(t *teller, ch *channel, queue string) {
	waiting := make([]*amqp.DeferredConfirmation, 100)
	for number := range waiting {
		confirmation, err := ch.PublishWithDeferredConfirmWithContext(
			context.Background(), "", queue, false, false, text(fmt.Sprint(number)))
		t.noError(err)
		waiting[number] = confirmation
	}
	for number, confirmation := range waiting {
		t.holds(confirmation.Wait(), "acked")
		t.equal(confirmation.DeliveryTag, uint64(number+1))
	}
	t.equal(ch.inspect(queue).Messages, 100)
}

func returns(t *teller, ch *channel, _ *amqp.Connection) {
	returned := ch.NotifyReturn(make(chan amqp.Return, 1))
	message := amqp.Publishing{MessageId: "m-2", Body: []byte("back")}
	t.noError(ch.PublishWithContext(context.Background(), "amq.direct", "story.nowhere", true, false, message))
	back := <-returned
	t.equal([]string{string(back.Body), back.MessageId}, []string{"back", "m-2"})
	t.equal(back.ReplyCode, uint16(amqp.NoRoute))
	t.equal(back.ReplyText, "NO_ROUTE")
	t.saw(fmt.Sprint(back.ReplyCode, " ", back.ReplyText, " ", back.Exchange, " ", back.RoutingKey))
}

func acks(t *teller, ch *channel, connection *amqp.Connection) {
	const queue = "story.acks"
	ch.declare(queue, nil)
	ch.send(queue, "1", "2", "3", "4", "5")
	working := t.open(connection)
	deliveries := working.consume(queue, false, nil)
	var got []amqp.Delivery
	for len(got) < 5 {
		got = append(got, t.next(deliveries))
	}
	t.noError(got[0].Ack(false))
	t.noError(got[2].Ack(true))
	t.noError(working.Close())
	for _, body := range []string{"4", "5"} {
		left := ch.get(queue, false)
		t.equal(string(left.Body), body)
		t.holds(left.Redelivered, "what came back is redelivered")
		t.noError(left.Ack(false))
	}
	ch.isEmpty(queue)
	ch.delete(queue)
}

func nackRequeue(t *teller, ch *channel, queue string) {
	ch.send(queue, "again")
	deliveries := ch.consume(queue, false, nil)
	first := t.next(deliveries)
	t.holds(!first.Redelivered, "the first time it is not redelivered")
	t.noError(first.Nack(false, true))
	second := t.next(deliveries)
	t.equal(string(second.Body), "again")
	t.holds(second.Redelivered, "the second time it is redelivered")
	t.noError(second.Ack(false))
}

func reject(t *teller, ch *channel, queue string) {
	ch.send(queue, "unwanted")
	t.noError(ch.get(queue, false).Reject(false))
	ch.isEmpty(queue)
}

func prefetch(t *teller, ch *channel, queue string) {
	ch.send(queue, "1", "2", "3", "4", "5")
	t.noError(ch.Qos(3, 0, false))
	deliveries := ch.consume(queue, false, nil)
	first := t.next(deliveries)
	t.next(deliveries)
	t.next(deliveries)
	t.equal(ch.inspect(queue).Messages, 2)
	t.equal(len(deliveries), 0)
	t.noError(first.Ack(false))
	t.equal(string(t.next(deliveries).Body), "4")
	t.equal(ch.inspect(queue).Messages, 1)
	t.equal(len(deliveries), 0)
}

func get(t *teller, ch *channel, queue string) {
	ch.isEmpty(queue)
	ch.send(queue, "1", "2", "3")
	got := ch.get(queue, false)
	t.equal(string(got.Body), "1")
	t.equal(got.MessageCount, uint32(2))
	t.noError(got.Ack(false))
	t.equal(ch.drain(queue), []string{"2", "3"})
}

func cancel(t *teller, ch *channel, _ *amqp.Connection) {
	const queue = "story.cancel"
	ch.declare(queue, nil)
	deliveries := ch.consume(queue, true, nil)
	ch.send(queue, "heard")
	t.equal(string(t.next(deliveries).Body), "heard")
	t.noError(ch.Cancel("story", false))
	ch.send(queue, "unheard")
	t.equal(ch.inspect(queue), amqp.Queue{Name: queue, Messages: 1})
	_, open := <-deliveries
	t.holds(!open, "the consumer has ended")

	cancelled := ch.NotifyCancel(make(chan string, 1))
	told := ch.consume(queue, true, nil)
	t.equal(string(t.next(told).Body), "unheard")
	ch.delete(queue)
	t.equal(<-cancelled, "story")
	_, open = <-told
	t.holds(!open, "the consumer was ended")
}
