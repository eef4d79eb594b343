<?php

declare(strict_types=1);

/** Tells a story to its runner: one line a happening on standard output, ten seconds for every step. */
final class Teller
{
    private const STEP_LIMIT_S = 10;
    // A RabbitMQ takes six seconds to stop and start; this program looks for it meanwhile.
    private const RESTART_LIMIT_S = 120;

    private function __construct(public readonly string $url, private readonly string $step)
    {
    }

    /** @param array<string, callable(Teller): void> $steps */
    public static function tell(string $url, array $steps): void
    {
        pcntl_async_signals(true);
        pcntl_signal(SIGALRM, fn () => throw new RuntimeException('its time is over'));
        foreach ($steps as $name => $step) {
            pcntl_alarm($name === 'restart' ? self::RESTART_LIMIT_S : self::STEP_LIMIT_S);
            try {
                $step(new self($url, $name));
                self::say('ok', $name);
            } catch (Throwable $problem) {
                self::say('failed', $name, $problem::class . ': ' . $problem->getMessage());
                fwrite(STDERR, "$problem\n");
            }
            pcntl_alarm(0);
        }
    }

    private static function say(string ...$words): void
    {
        fwrite(STDOUT, preg_replace('/\s*[\r\n]+\s*/', ' ', implode(' ', $words)) . "\n");
    }

    public function saw(Throwable|string $what): void
    {
        self::say('saw', $this->step, is_string($what) ? $what : $what::class . ': ' . $what->getMessage());
    }

    public function equal(mixed $got, mixed $want): void
    {
        if ($got !== $want) {
            throw new LogicException('got ' . var_export($got, true) . ', not ' . var_export($want, true));
        }
    }

    public function matches(string $pattern, string $text): void
    {
        if (!preg_match($pattern, $text)) {
            throw new LogicException("$text does not match $pattern");
        }
    }

    /** The exception of this class that the attempt ends with. */
    public function refused(string $class, callable $attempt): Throwable
    {
        try {
            $attempt();
        } catch (Throwable $problem) {
            return $problem instanceof $class ? $problem : throw $problem;
        }
        throw new LogicException("no $class");
    }

    /** Asks for a new broker; returns once it listens. */
    public function brokerRestarted(): void
    {
        self::say('restart');
        fgets(STDIN);
    }
}
