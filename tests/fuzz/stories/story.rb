# Bunny: topology, confirms, a pop, a consumer.
require "bunny"

connection = Bunny.new(ARGV[0], automatically_recover: false)
connection.start
channel = connection.create_channel
channel.confirm_select
exchange = channel.topic("bunny", auto_delete: true)
queue = channel.queue("", exclusive: true, arguments: { "x-max-length-bytes" => 1000 })
queue.bind(exchange, routing_key: "a.#")
exchange.publish("hello", routing_key: "a.b", persistent: true, headers: { "h" => "1", "n" => 3 }, timestamp: 7)
exchange.publish("", routing_key: "a", mandatory: true)
channel.wait_for_confirms
delivery, = queue.pop(manual_ack: true)
channel.ack(delivery.delivery_tag)
consumer = queue.subscribe(manual_ack: true) { |info, _, _| channel.reject(info.delivery_tag, false) }
sleep 0.2
consumer.cancel
queue.purge
queue.delete
channel.close
connection.close
