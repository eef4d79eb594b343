// The Java client: topology, confirms, returns, a consumer that rejects.
import com.rabbitmq.client.*;
import java.util.*;

public class Story {
    public static void main(String[] args) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(args[0]);
        try (Connection connection = factory.newConnection("story")) {
            Channel channel = connection.createChannel();
            channel.exchangeDeclare("java", "topic", false, true, Map.of("alternate-exchange", "amq.fanout"));
            String queue = channel.queueDeclare("", false, true, true, Map.of("x-expires", 60000)).getQueue();
            channel.queueBind(queue, "java", "#");
            channel.confirmSelect();
            AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
                .contentType("application/json").contentEncoding("utf-8").deliveryMode(1).expiration("60000")
                .headers(Map.of("l", 5L, "s", (short) 2, "b", true, "d", 1.5, "t", new Date(0), "x", new byte[] {-1}))
                .build();
            channel.basicPublish("java", "a.b", true, properties, "{}".getBytes());
            channel.basicPublish("", "nowhere", true, MessageProperties.PERSISTENT_TEXT_PLAIN, new byte[0]);
            channel.waitForConfirms(5000);
            channel.basicQos(3);
            String tag = channel.basicConsume(queue, false, (t, delivery) ->
                channel.basicReject(delivery.getEnvelope().getDeliveryTag(), false), t -> { });
            Thread.sleep(200);
            channel.basicCancel(tag);
            channel.close();
        }
    }
}
