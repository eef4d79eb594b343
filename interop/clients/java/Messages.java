package story;

import static java.nio.charset.StandardCharsets.UTF_8;
import static story.Rabbit.onChannel;
import static story.Rabbit.onQueue;
import static story.Rabbit.text;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.LongString;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The steps about messages on their way: what survives, what is confirmed, returned, acknowledged, held back. */
final class Messages {
    private Messages() {}

    static void addTo(Map<String, Teller.Step> steps) {
        steps.put("properties", onQueue("story.properties", Map.of(), Messages::properties));
        steps.put("empty_and_large", onQueue("story.sizes", Map.of(), Messages::emptyAndLarge));
        steps.put("confirms", onQueue("story.confirms", Map.of(), Messages::confirms));
        steps.put("returns", onChannel(Messages::returns));
        steps.put("acks", onQueue("story.acks", Map.of(), Messages::acks));
        steps.put("nack_requeue", onQueue("story.nack", Map.of(), Messages::nackRequeue));
        steps.put("reject", onQueue("story.reject", Map.of(), Messages::reject));
        steps.put("prefetch", onQueue("story.prefetch", Map.of(), Messages::prefetch));
        steps.put("get", onQueue("story.get", Map.of(), Messages::get));
        steps.put("cancel", onChannel(Messages::cancel));
    }

    private static void properties(Teller t, Rabbit rabbit, String queue) throws Exception {
        var headers = new HashMap<String, Object>();
        headers.put("str", "žluťoučký");
        headers.put("int", -42);
        headers.put("long", 1L << 40);
        headers.put("bool", true);
        headers.put("float", 2.5);
        headers.put("bytes", new byte[] {0, -1, -128});
        headers.put("list", List.of(1, "two", false, Map.of("deep", "yes")));
        headers.put("table", Map.of("a", Map.of("b", 1)));
        headers.put("timestamp", new Date(1_700_000_000_000L));
        headers.put("decimal", new BigDecimal("3.14"));
        headers.put("nothing", null);
        var sent = new BasicProperties("application/json", "utf-8", headers, 2, 5, "c-1", "answers", "60000", "m-1",
                new Date(1_700_000_000_000L), "greeting", "guest", "story", null);
        t.holds(rabbit.publish("", queue, sent, "{}"), "not confirmed");
        var got = rabbit.get(queue, true).getProps();
        t.equal(got.builder().headers(null).build().toString(), sent.builder().headers(null).build().toString());
        t.equal(plain(got.getHeaders()), plain(headers));
    }

    /** In types that compare: the client reads strings as LongString, and arrays compare by identity. */
    private static Object plain(Object value) {
        if (value instanceof Map<?, ?> map) {
            var plain = new TreeMap<String, Object>();
            map.forEach((key, each) -> plain.put((String) key, plain(each)));
            return plain;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Messages::plain).toList();
        }
        if (value instanceof byte[] bytes) {
            return "bytes " + Arrays.toString(bytes);
        }
        return value instanceof LongString string ? string.toString() : value;
    }

    private static void emptyAndLarge(Teller t, Rabbit rabbit, String queue) throws Exception {
        String large = "leveret ".repeat(1 << 17);
        rabbit.send(queue, "", large);
        t.equal(rabbit.get(queue, true).getBody().length, 0);
        t.holds(Arrays.equals(rabbit.get(queue, true).getBody(), large.getBytes(UTF_8)), "another body came");
    }

    private static void confirms(Teller t, Rabbit rabbit, String queue) throws Exception {
        for (int number = 0; number < 100; number++) {
            rabbit.channel.basicPublish("", queue, null, Integer.toString(number).getBytes(UTF_8));
        }
        t.equal(rabbit.channel.getNextPublishSeqNo(), 101L);
        t.holds(rabbit.channel.waitForConfirms(5_000), "something was nacked");
        t.equal(rabbit.channel.messageCount(queue), 100L);
    }

    private static void returns(Teller t, Rabbit rabbit) throws Exception {
        var words = new LinkedBlockingQueue<String>();
        rabbit.channel.addReturnListener(back -> {
            words.add(new String(back.getBody(), UTF_8) + " " + back.getProperties().getMessageId());
            words.add(back.getReplyCode() + " " + back.getReplyText());
            words.add(back.getExchange() + " " + back.getRoutingKey());
        });
        var properties = new BasicProperties.Builder().messageId("m-2").build();
        rabbit.channel.basicPublish("amq.direct", "story.nowhere", true, properties, "back".getBytes(UTF_8));
        t.equal(words.take(), "back m-2");
        String reason = words.take();
        t.equal(reason, "312 NO_ROUTE");
        t.saw(reason + " " + words.take());
    }

    private static void acks(Teller t, Rabbit rabbit, String queue) throws Exception {
        rabbit.send(queue, "1", "2", "3", "4", "5");
        var working = rabbit.connection.createChannel();
        var inbox = Rabbit.consume(working, queue, false, Map.of());
        var tags = new long[5];
        for (int number = 0; number < 5; number++) {
            tags[number] = tag(inbox.take());
        }
        working.basicAck(tags[0], false);
        working.basicAck(tags[2], true);
        working.close();
        for (String body : List.of("4", "5")) {
            var left = rabbit.get(queue, false);
            t.equal(new String(left.getBody(), UTF_8), body);
            t.equal(left.getEnvelope().isRedeliver(), true);
            rabbit.channel.basicAck(left.getEnvelope().getDeliveryTag(), false);
        }
        rabbit.isEmpty(queue);
    }

    private static void nackRequeue(Teller t, Rabbit rabbit, String queue) throws Exception {
        rabbit.send(queue, "again");
        var inbox = rabbit.consume(queue, false);
        var first = inbox.take();
        t.equal(first.getEnvelope().isRedeliver(), false);
        rabbit.channel.basicNack(tag(first), false, true);
        var second = inbox.take();
        t.equal(text(second), "again");
        t.equal(second.getEnvelope().isRedeliver(), true);
        rabbit.channel.basicAck(tag(second), false);
    }

    private static void reject(Teller t, Rabbit rabbit, String queue) throws Exception {
        rabbit.send(queue, "unwanted");
        rabbit.channel.basicReject(rabbit.get(queue, false).getEnvelope().getDeliveryTag(), false);
        rabbit.isEmpty(queue);
    }

    private static void prefetch(Teller t, Rabbit rabbit, String queue) throws Exception {
        rabbit.send(queue, "1", "2", "3", "4", "5");
        rabbit.channel.basicQos(3);
        BlockingQueue<Delivery> inbox = rabbit.consume(queue, false);
        var first = inbox.take();
        inbox.take();
        inbox.take();
        t.equal(List.of(rabbit.channel.messageCount(queue), inbox.size()), List.of(2L, 0));
        rabbit.channel.basicAck(tag(first), false);
        t.equal(text(inbox.take()), "4");
        t.equal(List.of(rabbit.channel.messageCount(queue), inbox.size()), List.of(1L, 0));
    }

    private static void get(Teller t, Rabbit rabbit, String queue) throws Exception {
        rabbit.isEmpty(queue);
        rabbit.send(queue, "1", "2", "3");
        var got = rabbit.get(queue, false);
        t.equal(new String(got.getBody(), UTF_8), "1");
        t.equal(got.getMessageCount(), 2);
        rabbit.channel.basicAck(got.getEnvelope().getDeliveryTag(), false);
        t.equal(rabbit.drain(queue), List.of("2", "3"));
    }

    private static void cancel(Teller t, Rabbit rabbit) throws Exception {
        String queue = "story.cancel";
        var channel = rabbit.channel;
        rabbit.declare(queue, Map.of());
        var inbox = new LinkedBlockingQueue<Delivery>();
        String consumer = channel.basicConsume(queue, true, (tag, delivery) -> inbox.add(delivery), tag -> {});
        rabbit.send(queue, "heard");
        t.equal(text(inbox.take()), "heard");
        channel.basicCancel(consumer);
        rabbit.send(queue, "unheard");
        t.equal(List.of(channel.messageCount(queue), channel.consumerCount(queue)), List.of(1L, 0L));
        t.equal(inbox.size(), 0);

        var cancelled = new LinkedBlockingQueue<String>();
        channel.basicConsume(queue, true, "story.told", (tag, delivery) -> inbox.add(delivery), cancelled::add);
        t.equal(text(inbox.take()), "unheard");
        channel.queueDelete(queue);
        t.equal(cancelled.take(), "story.told");
    }

    private static long tag(Delivery delivery) {
        return delivery.getEnvelope().getDeliveryTag();
    }
}
