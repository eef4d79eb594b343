package story;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AMQP.Channel.Close;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** What every step does with the client: a connection and a channel of its own, messages into an inbox. */
final class Rabbit implements AutoCloseable {
    /** Work on a channel of a connection of its own. */
    interface Work {
        void on(Teller t, Rabbit rabbit) throws Exception;
    }

    /** Work on a queue, which is gone afterwards. */
    interface QueueWork {
        void on(Teller t, Rabbit rabbit, String queue) throws Exception;
    }

    final Teller t;
    final Connection connection;
    final Channel channel;

    private Rabbit(Teller t) throws Exception {
        this.t = t;
        connection = factory(t.url).newConnection();
        channel = connection.createChannel();
        channel.confirmSelect();
    }

    static ConnectionFactory factory(String url) throws Exception {
        var factory = new ConnectionFactory();
        // With a slash at its end a URL names the vhost "" to this client; without, the default one.
        factory.setUri(url.replaceAll("/$", ""));
        factory.setAutomaticRecoveryEnabled(false);
        return factory;
    }

    static Teller.Step onChannel(Work work) {
        return t -> {
            try (var rabbit = new Rabbit(t)) {
                work.on(t, rabbit);
            }
        };
    }

    static Teller.Step onQueue(String queue, Map<String, Object> arguments, QueueWork work) {
        return onChannel((t, rabbit) -> {
            rabbit.declare(queue, arguments);
            work.on(t, rabbit, queue);
            rabbit.channel.queueDelete(queue);
        });
    }

    /** Declares a transient queue, or a durable one where its type demands it. */
    void declare(String queue, Map<String, Object> arguments) throws IOException {
        channel.queueDeclare(queue, arguments.containsKey("x-queue-type"), false, false, arguments);
    }

    /** Publishes and waits for the broker's word; false is a nack. */
    boolean publish(String exchange, String key, BasicProperties properties, String body) throws Exception {
        channel.basicPublish(exchange, key, properties, body.getBytes(UTF_8));
        return channel.waitForConfirms();
    }

    void send(String queue, String... bodies) throws Exception {
        for (String body : bodies) {
            t.holds(publish("", queue, null, body), body + " was not confirmed");
        }
    }

    /** Consumes into an inbox. */
    BlockingQueue<Delivery> consume(String queue, boolean autoAck) throws IOException {
        return consume(channel, queue, autoAck, Map.of());
    }

    static BlockingQueue<Delivery> consume(
            Channel channel, String queue, boolean autoAck, Map<String, Object> arguments) throws IOException {
        var inbox = new LinkedBlockingQueue<Delivery>();
        channel.basicConsume(queue, autoAck, arguments, (tag, delivery) -> inbox.add(delivery), tag -> {});
        return inbox;
    }

    /** A message that has to be there. */
    GetResponse get(String queue, boolean autoAck) throws IOException {
        GetResponse got = channel.basicGet(queue, autoAck);
        t.holds(got != null, queue + " is empty");
        return got;
    }

    void isEmpty(String queue) throws IOException {
        t.equal(channel.basicGet(queue, true), null);
    }

    /** Everything that is in a queue now. */
    List<String> drain(String queue) throws IOException {
        var bodies = new ArrayList<String>();
        for (var got = channel.basicGet(queue, true); got != null; got = channel.basicGet(queue, true)) {
            bodies.add(new String(got.getBody(), UTF_8));
        }
        return bodies;
    }

    /** Asserts that the broker closes the channel with this code, and gives what the user is shown. */
    ShutdownSignalException refused(int code, Teller.Attempt attempt) {
        var problem = t.refused(IOException.class, attempt);
        t.holds(problem.getCause() instanceof ShutdownSignalException, problem + " has no cause");
        var signal = (ShutdownSignalException) problem.getCause();
        t.equal(((Close) signal.getReason()).getReplyCode(), code);
        return signal;
    }

    static String text(Delivery delivery) {
        return new String(delivery.getBody(), UTF_8);
    }

    @Override
    public void close() throws IOException {
        if (connection.isOpen()) {
            connection.close();
        }
    }
}
