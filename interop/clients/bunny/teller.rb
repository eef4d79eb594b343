# frozen_string_literal: true

require 'bunny'
require 'timeout'

# Tells a story to its runner: one line a happening on standard output, ten seconds for every step.
class Teller
  STEP_LIMIT = 10
  # A RabbitMQ takes six seconds to stop and start; Bunny looks for it meanwhile.
  RESTART_LIMIT = 120

  # What a step did not hold.
  class Failure < StandardError; end

  @steps = {}

  class << self
    attr_reader :steps

    def tell(url)
      steps.each { |name, body| new(url, name).run(body) }
    end
  end

  def initialize(url, name)
    @url = url
    @name = name
  end

  def run(body)
    Timeout.timeout(@name == 'restart' ? RESTART_LIMIT : STEP_LIMIT) { instance_exec(&body) }
    say 'ok', @name
  rescue StandardError => e
    say 'failed', @name, "#{e.class}: #{e.message}"
    warn e.full_message(highlight: false)
  ensure
    disconnect
  end

  private

  def say(*words)
    $stdout.puts words.join(' ').gsub(/\s*[\r\n]+\s*/, ' ')
    $stdout.flush
  end

  def saw(what)
    say 'saw', @name, what.is_a?(Exception) ? "#{what.class}: #{what.message}" : what
  end

  def equal(got, want)
    raise Failure, "got #{got.inspect}, not #{want.inspect}" unless got == want
  end

  def match(pattern, text)
    raise Failure, "#{text.inspect} does not match #{pattern.inspect}" unless pattern.match?(text)
  end

  # The exception of this class that the block ends with.
  def refused(with)
    yield
  rescue with => e
    e
  else
    raise Failure, "no #{with}"
  end

  # Asks for a new broker; comes back once it listens.
  def broker_restarted
    say 'restart'
    $stdin.gets
  end
end

def step(name, &body)
  Teller.steps[name] = body
end
