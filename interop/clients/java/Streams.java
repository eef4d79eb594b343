package story;

import static story.Rabbit.onQueue;
import static story.Rabbit.text;

import com.rabbitmq.client.Delivery;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.concurrent.BlockingQueue;

/** The steps about streams: a queue of x-queue-type stream, read from every kind of offset. */
final class Streams {
    private static final String QUEUE = "story.stream";
    private static final long LENGTH = 10;

    private final Rabbit rabbit;
    private final BlockingQueue<Delivery> inbox;

    private Streams(Rabbit rabbit, BlockingQueue<Delivery> inbox) {
        this.rabbit = rabbit;
        this.inbox = inbox;
    }

    static void addTo(Map<String, Teller.Step> steps) {
        var anHourAgo = Date.from(Instant.now().minus(Duration.ofHours(1)));
        steps.put("stream_first", reading("first", Streams::fromStart));
        // "last" is the last chunk, which may hold more than the last message.
        steps.put("stream_last", reading("last", stream -> stream.toEnd(stream.next())));
        steps.put("stream_next", reading("next", stream -> {
            stream.rabbit.send(QUEUE, Long.toString(LENGTH));
            stream.rabbit.t.equal(stream.next(), LENGTH);
        }));
        steps.put("stream_offset", reading(6L, stream -> {
            long first = stream.next();
            stream.rabbit.t.equal(first, 6L);
            stream.toEnd(first);
        }));
        steps.put("stream_timestamp", reading(anHourAgo, Streams::fromStart));
        steps.put("stream_interval", reading("1h", Streams::fromStart));
    }

    private interface Work {
        void on(Streams stream) throws Exception;
    }

    /** A step that fills a stream and reads it from an offset. */
    private static Teller.Step reading(Object offset, Work work) {
        return onQueue(QUEUE, Map.of("x-queue-type", "stream"), (t, rabbit, queue) -> {
            for (long number = 0; number < LENGTH; number++) {
                rabbit.send(queue, Long.toString(number));
            }
            rabbit.channel.basicQos(5); // a stream is not read without a prefetch, nor without acks
            var inbox = Rabbit.consume(rabbit.channel, queue, false, Map.of("x-stream-offset", offset));
            work.on(new Streams(rabbit, inbox));
        });
    }

    /** The offset of the next message, which is its text, too. */
    private long next() throws Exception {
        var delivery = inbox.take();
        rabbit.channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        long offset = (Long) delivery.getProperties().getHeaders().get("x-stream-offset");
        rabbit.t.equal(text(delivery), Long.toString(offset));
        return offset;
    }

    /** Reads on until the last message; none is left out. */
    private void toEnd(long first) throws Exception {
        for (long offset = first + 1; offset < LENGTH; offset++) {
            rabbit.t.equal(next(), offset);
        }
    }

    private void fromStart() throws Exception {
        long first = next();
        rabbit.t.equal(first, 0L);
        toEnd(first);
    }
}
