package story;

import static java.nio.charset.StandardCharsets.UTF_8;
import static story.Rabbit.onChannel;
import static story.Rabbit.onQueue;
import static story.Rabbit.text;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.RpcClient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The steps about what queues do by themselves: priorities, dead letters, limits; transactions, and calls. */
final class Queues {
    private Queues() {}

    static void addTo(Map<String, Teller.Step> steps) {
        steps.put("priorities", onQueue("story.priorities", Map.of("x-max-priority", 10), Queues::priorities));
        steps.put("dead_letter", dying("story.dead_letter", Map.of(), Queues::deadLetter));
        steps.put("message_ttl", Queues::messageTtl);
        steps.put("max_length", Queues::maxLength);
        steps.put("transactions", onQueue("story.tx", Map.of(), Queues::transactions));
        steps.put("rpc", onQueue("story.rpc", Map.of(), Queues::rpc));
        steps.put("quorum",
                dying("story.quorum", Map.of("x-queue-type", "quorum", "x-delivery-limit", 2), Queues::quorum));
    }

    /** Work on a queue, with the inbox of its dead letters. */
    private interface Dying {
        void on(Rabbit rabbit, String queue, BlockingQueue<Delivery> letters) throws Exception;
    }

    private static Teller.Step dying(String name, Map<String, Object> more, Dying work) {
        String dead = name + ".dead";
        var arguments = new HashMap<String, Object>(more);
        arguments.put("x-dead-letter-exchange", "");
        arguments.put("x-dead-letter-routing-key", dead);
        return onQueue(dead, Map.of(), (t, rabbit, letters) -> {
            rabbit.declare(name, arguments);
            work.on(rabbit, name, rabbit.consume(dead, true));
            rabbit.channel.queueDelete(name);
        });
    }

    /** Asserts the first x-death entry of a letter, and gives it. */
    private static Map<?, ?> death(Teller t, Delivery letter, String queue, String reason) {
        var headers = letter.getProperties().getHeaders();
        var death = (Map<?, ?>) ((List<?>) headers.get("x-death")).get(0);
        t.equal(death.get("queue").toString(), queue);
        t.equal(death.get("reason").toString(), reason);
        t.equal(death.get("exchange").toString(), "");
        t.equal(death.get("count"), 1L);
        t.holds(death.get("time") instanceof Date, "a death has no time");
        t.equal(headers.get("x-first-death-reason").toString(), reason);
        return death;
    }

    private static void priorities(Teller t, Rabbit rabbit, String queue) throws Exception {
        for (int priority : new int[] {1, 9, 5, 9}) {
            var properties = new BasicProperties.Builder().priority(priority).build();
            t.holds(rabbit.publish("", queue, properties, Integer.toString(priority)), "not confirmed");
        }
        t.equal(rabbit.drain(queue), List.of("9", "9", "5", "1"));
    }

    private static void deadLetter(Rabbit rabbit, String queue, BlockingQueue<Delivery> letters) throws Exception {
        rabbit.send(queue, "refused");
        var refused = rabbit.consume(queue, false).take();
        rabbit.channel.basicReject(refused.getEnvelope().getDeliveryTag(), false);
        var letter = letters.take();
        rabbit.t.equal(text(letter), "refused");
        death(rabbit.t, letter, queue, "rejected");
    }

    private static void messageTtl(Teller teller) throws Exception {
        dying("story.ttl", Map.of("x-message-ttl", 50), (rabbit, queue, letters) -> {
            rabbit.send(queue, "the queue's");
            var letter = letters.take();
            rabbit.t.equal(text(letter), "the queue's");
            death(rabbit.t, letter, queue, "expired");
        }).tell(teller);
        dying("story.ttl.own", Map.of(), (rabbit, queue, letters) -> {
            rabbit.publish("", queue, new BasicProperties.Builder().expiration("50").build(), "its own");
            var letter = letters.take();
            rabbit.t.equal(text(letter), "its own");
            rabbit.t.equal(letter.getProperties().getExpiration(), null);
            var death = death(rabbit.t, letter, queue, "expired");
            rabbit.t.equal(death.get("original-expiration").toString(), "50");
        }).tell(teller);
    }

    private static void maxLength(Teller teller) throws Exception {
        onQueue("story.max_length", Map.of("x-max-length", 2), (t, rabbit, queue) -> {
            rabbit.send(queue, "1", "2", "3");
            t.equal(rabbit.drain(queue), List.of("2", "3"));
        }).tell(teller);
        var refusing = Map.<String, Object>of("x-max-length", 2, "x-overflow", "reject-publish");
        onQueue("story.max_length", refusing, (t, rabbit, queue) -> {
            rabbit.send(queue, "1", "2");
            t.equal(rabbit.publish("", queue, null, "3"), false);
            t.equal(rabbit.drain(queue), List.of("1", "2"));
        }).tell(teller);
    }

    private static void transactions(Teller t, Rabbit rabbit, String queue) throws Exception {
        var tx = rabbit.connection.createChannel();
        tx.txSelect();
        tx.basicPublish("", queue, null, "undone".getBytes(UTF_8));
        tx.txRollback();
        tx.basicPublish("", queue, null, "done".getBytes(UTF_8));
        rabbit.isEmpty(queue);
        tx.txCommit();
        t.equal(rabbit.drain(queue), List.of("done"));
    }

    private static void rpc(Teller t, Rabbit rabbit, String queue) throws Exception {
        var seen = new LinkedBlockingQueue<String>();
        rabbit.channel.basicConsume(queue, true, (tag, call) -> {
            String replyTo = call.getProperties().getReplyTo();
            seen.add(replyTo);
            var properties =
                    new BasicProperties.Builder().correlationId(call.getProperties().getCorrelationId()).build();
            String answer = Integer.toString(2 * Integer.parseInt(text(call)));
            rabbit.channel.basicPublish("", replyTo, properties, answer.getBytes(UTF_8));
        }, tag -> {});
        // Left to itself, RpcClient listens at amq.rabbitmq.reply-to.
        var client = new RpcClient(rabbit.connection.createChannel(), "", queue, 5_000);
        t.equal(client.stringCall("21"), "42");
        t.equal(client.stringCall("50"), "100");
        t.matches("^amq\\.rabbitmq\\.reply-to\\..", seen.take());
        client.close();
    }

    private static void quorum(Rabbit rabbit, String queue, BlockingQueue<Delivery> letters) throws Exception {
        rabbit.send(queue, "poison");
        var inbox = rabbit.consume(queue, false);
        var counts = new ArrayList<Object>();
        for (int attempt = 0; attempt < 3; attempt++) {
            var delivery = inbox.take();
            var headers = delivery.getProperties().getHeaders();
            counts.add(headers == null ? null : headers.get("x-delivery-count"));
            rabbit.channel.basicNack(delivery.getEnvelope().getDeliveryTag(), false, true);
        }
        rabbit.t.equal(counts, Arrays.asList(null, 1L, 2L));
        death(rabbit.t, letters.take(), queue, "delivery_limit");
    }
}
