package story;

import static story.Rabbit.onChannel;
import static story.Rabbit.onQueue;
import static story.Rabbit.text;

import com.rabbitmq.client.AMQP.Channel.Close;
import com.rabbitmq.client.ShutdownSignalException;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;

/** The steps about errors: what the user of the client sees, and that the connection goes on. */
final class Mistakes {
    private Mistakes() {}

    static void addTo(Map<String, Teller.Step> steps) {
        steps.put("error_not_found", onChannel(Mistakes::notFound));
        steps.put("error_precondition", onQueue("story.precondition", Map.of(), Mistakes::precondition));
        steps.put("error_access_refused", onChannel(Mistakes::accessRefused));
        steps.put("error_unknown_tag", onChannel(Mistakes::unknownTag));
        steps.put("channel_survives", onChannel(Mistakes::channelSurvives));
    }

    private static void notFound(Teller t, Rabbit rabbit) {
        t.saw(rabbit.refused(404, () -> rabbit.channel.queueDeclarePassive("story.missing")));
    }

    private static void precondition(Teller t, Rabbit rabbit, String queue) throws Exception {
        var other = rabbit.connection.createChannel();
        var arguments = Map.<String, Object>of("x-max-length", 5);
        t.saw(rabbit.refused(406, () -> other.queueDeclare(queue, false, false, false, arguments)));
    }

    private static void accessRefused(Teller t, Rabbit rabbit) throws Exception {
        t.saw(rabbit.refused(403, () -> rabbit.channel.exchangeDelete("amq.direct")));
        var owner = rabbit.connection.createChannel();
        String queue = owner.queueDeclare("story.exclusive", false, true, false, Map.of()).getQueue();
        onChannel((teller, stranger) ->
                t.saw(stranger.refused(405, () -> stranger.channel.queueDeclarePassive(queue)))).tell(t);
        owner.queueDelete(queue);
    }

    private static void unknownTag(Teller t, Rabbit rabbit) throws Exception {
        var signals = new LinkedBlockingQueue<ShutdownSignalException>();
        rabbit.channel.addShutdownListener(signals::add);
        rabbit.channel.basicAck(77, false);
        var signal = signals.take();
        t.equal(((Close) signal.getReason()).getReplyCode(), 406);
        t.saw(signal);
    }

    private static void channelSurvives(Teller t, Rabbit rabbit) throws Exception {
        var lost = rabbit.connection.createChannel();
        rabbit.refused(404, () -> lost.exchangeDeclarePassive("story.missing"));
        String queue = rabbit.channel.queueDeclare().getQueue();
        rabbit.send(queue, "goes on");
        t.equal(text(rabbit.consume(queue, true).take()), "goes on");
    }
}
