// amqp091-go: topology, confirms, a consumer, flow.
package main

import (
	"context"
	"log"
	"os"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	connection, err := amqp.Dial(os.Args[1])
	must(err)
	channel, err := connection.Channel()
	must(err)
	must(channel.ExchangeDeclare("go", "fanout", false, true, false, false, nil))
	queue, err := channel.QueueDeclare("go", false, true, false, false, amqp.Table{"x-single-active-consumer": true})
	must(err)
	must(channel.QueueBind(queue.Name, "", "go", false, amqp.Table{"a": int64(1)}))
	must(channel.Confirm(false))
	headers := amqp.Table{"i": int32(1), "f": float32(1.5), "d": amqp.Decimal{Scale: 2, Value: 314}, "t": time.Unix(1, 0)}
	message := amqp.Publishing{Headers: headers, ContentType: "text/plain", Body: []byte("hello"), MessageId: "1"}
	for i := 0; i < 3; i++ {
		must(channel.PublishWithContext(context.Background(), "go", "k", false, false, message))
	}
	must(channel.Qos(2, 0, false))
	deliveries, err := channel.Consume(queue.Name, "", false, false, false, false, amqp.Table{"x-priority": int8(3)})
	must(err)
	must((<-deliveries).Ack(false))
	must((<-deliveries).Nack(false, true))
	must((<-deliveries).Ack(true))
	must(channel.Close())
	must(connection.Close())
}
