package main

import amqp "github.com/rabbitmq/amqp091-go"

// routing holds the steps about exchanges: which queue a message reaches.
var routing = []step{
	{"default_exchange", onQueue("story.default", nil, defaultExchange)},
	{"direct", routed("direct", "direct", []binding{{"red", "red", nil}, {"blue", "blue", nil}}, direct)},
	{"fanout", routed("fanout", "fanout", []binding{{"one", "", nil}, {"two", "ignored", nil}}, fanout)},
	{"topic", routed("topic", "topic", []binding{{"star", "a.*.c", nil}, {"hash", "a.#", nil}, {"all", "#", nil}}, topic)},
	{"headers", routed("headers", "headers", []binding{
		{"all", "", amqp.Table{"x-match": "all", "colour": "red", "size": int32(3)}},
		{"any", "", amqp.Table{"x-match": "any", "colour": "red", "size": int32(3)}},
		{"any-with-x", "", amqp.Table{"x-match": "any-with-x", "x-colour": "red", "size": int32(4)}},
	}, headers)},
	{"exchange_to_exchange", routed("e2e", "fanout", []binding{{"end", "", nil}}, exchangeToExchange)},
	{"alternate_exchange", routed("alternate", "fanout", []binding{{"rest", "", nil}}, alternateExchange)},
}

// binding ties the queue story.EXCHANGE.label to the exchange of a step.
type binding struct {
	label, key string
	args       amqp.Table
}

// exchange is the exchange of a step, with its channel.
type exchange struct {
	*channel
	name string
}

// routed makes a step of work on an exchange and its bound queues, which are gone afterwards.
func routed(name, kind string, bindings []binding, work func(t *teller, x *exchange)) func(t *teller) {
	return onChannel(func(t *teller, ch *channel, _ *amqp.Connection) {
		x := &exchange{ch, "story." + name}
		t.noError(ch.ExchangeDeclare(x.name, kind, false, false, false, false, nil))
		for _, bound := range bindings {
			ch.declare(x.queue(bound.label), nil)
			t.noError(ch.QueueBind(x.queue(bound.label), bound.key, x.name, false, bound.args))
		}
		work(t, x)
		for _, bound := range bindings {
			ch.delete(x.queue(bound.label))
		}
		t.noError(ch.ExchangeDelete(x.name, false, false))
	})
}

func (x *exchange) queue(label string) string { return x.name + "." + label }

func (x *exchange) push(key, body string, headers amqp.Table) {
	x.t.holds(x.publish(x.name, key, amqp.Publishing{Headers: headers, Body: []byte(body)}), "confirmed")
}

// holds asserts what a queue holds, and empties it.
func (x *exchange) holds(label string, bodies ...string) {
	x.t.equal(x.drain(x.queue(label)), append([]string{}, bodies...))
}

func defaultExchange(t *teller, ch *channel, queue string) {
	t.holds(ch.publish("", queue, text("by the name of its queue")), "confirmed")
	t.equal(ch.drain(queue), []string{"by the name of its queue"})
}

func direct(t *teller, x *exchange) {
	x.push("red", "r", nil)
	x.push("blue", "b", nil)
	x.push("green", "g", nil)
	x.holds("red", "r")
	x.holds("blue", "b")
}

func fanout(t *teller, x *exchange) {
	x.push("any", "to all", nil)
	x.holds("one", "to all")
	x.holds("two", "to all")
}

func topic(t *teller, x *exchange) {
	for _, key := range []string{"a", "a.b.c", "a.b.d.c", "b"} {
		x.push(key, key, nil)
	}
	x.holds("star", "a.b.c")
	x.holds("hash", "a", "a.b.c", "a.b.d.c")
	x.holds("all", "a", "a.b.c", "a.b.d.c", "b")
}

func headers(t *teller, x *exchange) {
	x.push("", "both", amqp.Table{"colour": "red", "size": int32(3), "more": true})
	x.push("", "one", amqp.Table{"colour": "red", "size": int32(5)})
	x.push("", "none", amqp.Table{"colour": "blue"})
	x.push("", "x", amqp.Table{"x-colour": "red"})
	x.holds("all", "both")
	x.holds("any", "both", "one")
	x.holds("any-with-x", "x")
}

func exchangeToExchange(t *teller, x *exchange) {
	source := &exchange{x.channel, "story.e2e.source"}
	t.noError(x.ExchangeDeclare(source.name, "topic", false, false, false, false, nil))
	t.noError(x.ExchangeBind(x.name, "go.#", source.name, false, nil))
	source.push("go.on", "through two", nil)
	source.push("stay", "nowhere", nil)
	x.holds("end", "through two")
	t.noError(x.ExchangeUnbind(x.name, "go.#", source.name, false, nil))
	source.push("go.on", "unbound", nil)
	x.holds("end")
	t.noError(x.ExchangeDelete(source.name, false, false))
}

func alternateExchange(t *teller, x *exchange) {
	first := &exchange{x.channel, "story.alternate.first"}
	args := amqp.Table{"alternate-exchange": x.name}
	t.noError(x.ExchangeDeclare(first.name, "direct", false, false, false, false, args))
	first.push("unknown", "caught", nil)
	x.holds("rest", "caught")
	t.noError(x.ExchangeDelete(first.name, false, false))
}
