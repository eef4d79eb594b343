package story;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Tells one step to the runner: one line a happening on standard output, ten seconds for every step. */
final class Teller {
    private static final long STEP_LIMIT_S = 10;
    // A RabbitMQ takes six seconds to stop and start; the client looks for it meanwhile.
    private static final long RESTART_LIMIT_S = 120;

    /** One step of the story. */
    interface Step {
        void tell(Teller t) throws Exception;
    }

    /** Something that has to be refused. */
    interface Attempt {
        void make() throws Exception;
    }

    final String url;
    private final String step;

    private Teller(String url, String step) {
        this.url = url;
        this.step = step;
    }

    /** Tells every step in its order. */
    static void tell(String url, Map<String, Step> steps) throws InterruptedException {
        for (var entry : steps.entrySet()) {
            String name = entry.getKey();
            var task = new FutureTask<Void>(() -> {
                entry.getValue().tell(new Teller(url, name));
                return null;
            });
            var thread = new Thread(task, name);
            thread.setDaemon(true);
            thread.start();
            try {
                task.get(name.equals("restart") ? RESTART_LIMIT_S : STEP_LIMIT_S, TimeUnit.SECONDS);
                say("ok", name);
            } catch (ExecutionException problem) {
                say("failed", name, problem.getCause().toString());
                problem.getCause().printStackTrace();
            } catch (TimeoutException late) {
                say("failed", name, "its time is over");
            }
        }
    }

    private static void say(String... words) {
        System.out.println(String.join(" ", words).replaceAll("\\s*[\\r\\n]+\\s*", " "));
        System.out.flush();
    }

    void saw(Object what) {
        say("saw", step, what.toString());
    }

    void equal(Object got, Object want) {
        holds(Objects.equals(got, want), "got " + got + ", not " + want);
    }

    void matches(String pattern, String text) {
        holds(Pattern.compile(pattern).matcher(text).find(), text + " does not match " + pattern);
    }

    void holds(boolean condition, String words) {
        if (!condition) {
            throw new AssertionError(words);
        }
    }

    /** The exception of this type that the attempt ends with. */
    <E extends Exception> E refused(Class<E> type, Attempt attempt) {
        try {
            attempt.make();
        } catch (Exception problem) {
            if (type.isInstance(problem)) {
                return type.cast(problem);
            }
            throw new AssertionError("another exception: " + problem, problem);
        }
        throw new AssertionError("it was not refused");
    }

    /** Asks for a new broker; returns once it listens. */
    void brokerRestarted() throws Exception {
        say("restart");
        new BufferedReader(new InputStreamReader(System.in)).readLine();
    }
}
