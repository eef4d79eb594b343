package story;

import static story.Rabbit.onChannel;
import static story.Rabbit.onQueue;

import com.rabbitmq.client.AMQP.BasicProperties;
import java.util.List;
import java.util.Map;

/** The steps about exchanges: which queue a message reaches. */
final class Routing {
    private Routing() {}

    static void addTo(Map<String, Teller.Step> steps) {
        steps.put("default_exchange", onQueue("story.default", Map.of(), Routing::defaultExchange));
        steps.put("direct", routed("direct", "direct", Routing::direct, to("red", "red"), to("blue", "blue")));
        steps.put("fanout", routed("fanout", "fanout", Routing::fanout, to("one", ""), to("two", "ignored")));
        steps.put("topic",
                routed("topic", "topic", Routing::topic, to("star", "a.*.c"), to("hash", "a.#"), to("all", "#")));
        steps.put("headers", routed("headers", "headers", Routing::headers,
                to("all", "", Map.of("x-match", "all", "colour", "red", "size", 3)),
                to("any", "", Map.of("x-match", "any", "colour", "red", "size", 3)),
                to("any-with-x", "", Map.of("x-match", "any-with-x", "x-colour", "red", "size", 4))));
        steps.put("exchange_to_exchange", routed("e2e", "fanout", Routing::exchangeToExchange, to("end", "")));
        steps.put("alternate_exchange", routed("alternate", "fanout", Routing::alternateExchange, to("rest", "")));
    }

    /** A queue story.EXCHANGE.LABEL and how it is bound. */
    private record Binding(String label, String key, Map<String, Object> arguments) {}

    private static Binding to(String label, String key) {
        return to(label, key, Map.of());
    }

    private static Binding to(String label, String key, Map<String, Object> arguments) {
        return new Binding(label, key, arguments);
    }

    /** The exchange of a step. */
    private record Exchange(Rabbit rabbit, String name) {
        void publish(String key, String body) throws Exception {
            publish(key, body, null);
        }

        void publish(String key, String body, Map<String, Object> headers) throws Exception {
            var properties = new BasicProperties.Builder().headers(headers).build();
            rabbit.t.holds(rabbit.publish(name, key, properties, body), body + " was not confirmed");
        }

        /** Asserts what a queue holds, and empties it. */
        void holds(String label, String... bodies) throws Exception {
            rabbit.t.equal(rabbit.drain(name + "." + label), List.of(bodies));
        }
    }

    private interface Work {
        void on(Exchange exchange) throws Exception;
    }

    private static Teller.Step routed(String name, String type, Work work, Binding... bindings) {
        return onChannel((t, rabbit) -> {
            String exchange = "story." + name;
            rabbit.channel.exchangeDeclare(exchange, type);
            for (var binding : bindings) {
                String queue = exchange + "." + binding.label;
                rabbit.declare(queue, Map.of());
                rabbit.channel.queueBind(queue, exchange, binding.key, binding.arguments);
            }
            work.on(new Exchange(rabbit, exchange));
            for (var binding : bindings) {
                rabbit.channel.queueDelete(exchange + "." + binding.label);
            }
            rabbit.channel.exchangeDelete(exchange);
        });
    }

    private static void defaultExchange(Teller t, Rabbit rabbit, String queue) throws Exception {
        t.holds(rabbit.publish("", queue, null, "by the name of its queue"), "not confirmed");
        t.equal(rabbit.drain(queue), List.of("by the name of its queue"));
    }

    private static void direct(Exchange exchange) throws Exception {
        exchange.publish("red", "r");
        exchange.publish("blue", "b");
        exchange.publish("green", "g");
        exchange.holds("red", "r");
        exchange.holds("blue", "b");
    }

    private static void fanout(Exchange exchange) throws Exception {
        exchange.publish("any", "to all");
        exchange.holds("one", "to all");
        exchange.holds("two", "to all");
    }

    private static void topic(Exchange exchange) throws Exception {
        for (String key : List.of("a", "a.b.c", "a.b.d.c", "b")) {
            exchange.publish(key, key);
        }
        exchange.holds("star", "a.b.c");
        exchange.holds("hash", "a", "a.b.c", "a.b.d.c");
        exchange.holds("all", "a", "a.b.c", "a.b.d.c", "b");
    }

    private static void headers(Exchange exchange) throws Exception {
        exchange.publish("", "both", Map.of("colour", "red", "size", 3, "more", true));
        exchange.publish("", "one", Map.of("colour", "red", "size", 5));
        exchange.publish("", "none", Map.of("colour", "blue"));
        exchange.publish("", "x", Map.of("x-colour", "red"));
        exchange.holds("all", "both");
        exchange.holds("any", "both", "one");
        exchange.holds("any-with-x", "x");
    }

    private static void exchangeToExchange(Exchange exchange) throws Exception {
        var channel = exchange.rabbit.channel;
        var source = new Exchange(exchange.rabbit, "story.e2e.source");
        channel.exchangeDeclare(source.name, "topic");
        channel.exchangeBind(exchange.name, source.name, "go.#");
        source.publish("go.on", "through two");
        source.publish("stay", "nowhere");
        exchange.holds("end", "through two");
        channel.exchangeUnbind(exchange.name, source.name, "go.#");
        source.publish("go.on", "unbound");
        exchange.holds("end");
        channel.exchangeDelete(source.name);
    }

    private static void alternateExchange(Exchange exchange) throws Exception {
        var channel = exchange.rabbit.channel;
        var first = new Exchange(exchange.rabbit, "story.alternate.first");
        channel.exchangeDeclare(first.name, "direct", false, false, Map.of("alternate-exchange", exchange.name));
        first.publish("unknown", "caught");
        exchange.holds("rest", "caught");
        channel.exchangeDelete(first.name);
    }
}
