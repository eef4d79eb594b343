package story;

import static story.Rabbit.factory;
import static story.Rabbit.onChannel;
import static story.Rabbit.text;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/** The story of RabbitMQ's Java client: what a user of it does with a broker, step by step. */
public final class Story {
    private Story() {}

    public static void main(String[] arguments) throws InterruptedException {
        var steps = new LinkedHashMap<String, Teller.Step>();
        steps.put("connect", Story::connect);
        steps.put("wrong_password", Story::wrongPassword);
        steps.put("wrong_vhost", Story::wrongVhost);
        steps.put("topology", onChannel(Story::topology));
        Routing.addTo(steps);
        Messages.addTo(steps);
        Queues.addTo(steps);
        Streams.addTo(steps);
        Mistakes.addTo(steps);
        steps.put("restart", Story::restart);
        steps.put("close", Story::close);
        Teller.tell(arguments[0], steps);
        System.exit(0);
    }

    private static void connect(Teller t) throws Exception {
        try (var connection = factory(t.url).newConnection("story")) {
            var properties = connection.getServerProperties();
            t.equal(properties.get("product").toString(), "RabbitMQ");
            var capabilities = (Map<?, ?>) properties.get("capabilities");
            t.equal(capabilities.get("publisher_confirms"), true);
            t.equal(capabilities.get("consumer_cancel_notify"), true);
        }
    }

    private static void wrongPassword(Teller t) throws Exception {
        var factory = factory(t.url);
        factory.setPassword("wrong");
        t.saw(t.refused(AuthenticationFailureException.class, factory::newConnection));
    }

    private static void wrongVhost(Teller t) throws Exception {
        var factory = factory(t.url);
        factory.setVirtualHost("story.nowhere");
        var problem = t.refused(IOException.class, factory::newConnection);
        t.matches("story\\.nowhere", problem.getCause().getMessage());
        t.saw(problem.getCause());
    }

    private static void topology(Teller t, Rabbit rabbit) throws Exception {
        String exchange = "story.topology";
        String queue = "story.topology";
        String passing = "story.topology.passing";
        var channel = rabbit.channel;
        channel.exchangeDeclare(exchange, "direct", true);
        channel.exchangeDeclarePassive(exchange);
        channel.exchangeDeclare(passing, "fanout", false, true, Map.of());
        var named = channel.queueDeclare(queue, true, false, false, Map.of());
        t.equal(List.of(named.getQueue(), named.getMessageCount(), named.getConsumerCount()), List.of(queue, 0, 0));
        String own = channel.queueDeclare().getQueue();
        t.matches("^amq\\.gen-", own);

        channel.queueBind(queue, exchange, "key");
        for (String body : List.of("one", "two", "three")) {
            t.holds(rabbit.publish(exchange, "key", null, body), "not confirmed");
        }
        t.equal(channel.queueDeclarePassive(queue).getMessageCount(), 3);
        t.equal(channel.queuePurge(queue).getMessageCount(), 3);
        channel.queueUnbind(queue, exchange, "key");
        t.holds(rabbit.publish(exchange, "key", null, "nowhere"), "not confirmed");
        t.equal(channel.messageCount(queue), 0L);

        rabbit.send(queue, "left");
        var careful = rabbit.connection.createChannel();
        t.matches("not empty", rabbit.refused(406, () -> careful.queueDelete(queue, false, true)).getMessage());
        var inbox = new LinkedBlockingQueue<Delivery>();
        String tag = channel.basicConsume(queue, true, (it, delivery) -> inbox.add(delivery), it -> {});
        t.equal(text(inbox.take()), "left");
        var second = rabbit.connection.createChannel();
        t.matches("in use", rabbit.refused(406, () -> second.queueDelete(queue, true, false)).getMessage());
        channel.basicCancel(tag);
        rabbit.send(queue, "left");
        t.equal(channel.queueDelete(queue, true, false).getMessageCount(), 1);

        // An auto-delete exchange goes with its last binding.
        channel.queueBind(own, passing, "");
        channel.queueUnbind(own, passing, "");
        var looking = rabbit.connection.createChannel();
        rabbit.refused(404, () -> looking.exchangeDeclarePassive(passing));
        channel.exchangeDelete(exchange, true);
    }

    /** The client's own recovery: the connection comes back with its channels and consumers. */
    private static void restart(Teller t) throws Exception {
        String queue = "story.restart";
        var factory = factory(t.url);
        factory.setAutomaticRecoveryEnabled(true);
        factory.setNetworkRecoveryInterval(500);
        try (var connection = factory.newConnection()) {
            var channel = connection.createChannel();
            channel.confirmSelect();
            channel.queueDeclare(queue, true, false, false, Map.of());
            channel.basicPublish("", queue, MessageProperties.PERSISTENT_TEXT_PLAIN, "before".getBytes());
            channel.waitForConfirmsOrDie();
            var acking = new AtomicBoolean();
            var inbox = new LinkedBlockingQueue<Delivery>();
            channel.basicConsume(queue, false, (tag, delivery) -> {
                boolean ackIt = acking.get(); // before anybody knows of the delivery
                inbox.add(delivery);
                if (ackIt) {
                    channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
                }
            }, tag -> {});
            var first = inbox.take();
            t.equal(text(first), "before");
            t.equal(first.getEnvelope().isRedeliver(), false);
            acking.set(true);

            t.brokerRestarted();
            var again = inbox.take();
            t.equal(text(again), "before");
            t.equal(again.getProperties().getDeliveryMode(), 2);
            try (var other = factory(t.url).newConnection()) {
                other.createChannel().basicPublish("", queue, null, "after".getBytes());
                t.equal(text(inbox.take()), "after");
                other.createChannel().queueDelete(queue);
            }
        }
    }

    private static void close(Teller t) throws Exception {
        var connection = factory(t.url).newConnection();
        var channel = connection.createChannel();
        var shutdowns = new LinkedBlockingQueue<ShutdownSignalException>();
        channel.addShutdownListener(shutdowns::add);
        connection.addShutdownListener(shutdowns::add);
        channel.close();
        t.equal(channel.isOpen(), false);
        connection.close();
        t.equal(connection.isOpen(), false);
        for (int count = 0; count < 2; count++) {
            t.holds(shutdowns.take().isInitiatedByApplication(), "somebody else closed it");
        }
        t.refused(AlreadyClosedException.class, connection::createChannel);
    }
}
