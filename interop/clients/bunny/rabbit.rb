# frozen_string_literal: true

# What every step does with Bunny: connections and channels of its own, queues that go with it.
class Teller
  QUIET = Logger.new($stderr, level: Logger::FATAL)

  private

  # A connection of the step's own, closed at its end.
  def connect(**options)
    # With a slash at its end a URL names the vhost "" to Bunny; without, the default one.
    session = Bunny.new(@url.chomp('/'), logger: QUIET, automatically_recover: false, **options)
    (@sessions ||= []) << session
    session.start
  end

  def session
    @session ||= connect
  end

  # The step's channel, in confirm mode.
  def channel
    @channel ||= session.create_channel.tap(&:confirm_select)
  end

  # One that may be lost to an error.
  def another_channel
    session.create_channel
  end

  def disconnect
    (@sessions || []).each { |each| each.close if each.open? }
  rescue StandardError => e
    warn e.full_message(highlight: false)
  end

  # Gives a queue and deletes it afterwards.
  def with_queue(name, arguments: {}, durable: false)
    queue = channel.queue(name, durable: durable, arguments: arguments)
    queue.purge unless arguments['x-queue-type'] == 'stream'
    yield queue
    queue.delete
  end

  # Gives a queue, and the inbox of its dead letters.
  def with_dead_letters(name, arguments: {}, durable: false)
    with_queue("#{name}.dead") do |dead|
      more = { 'x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => dead.name }
      with_queue(name, arguments: more.merge(arguments), durable: durable) { |queue| yield queue, inbox(dead) }
    end
  end

  # Publishes to a queue and waits until the broker has it.
  def send_to(queue, *bodies, **properties)
    bodies.each { |body| channel.default_exchange.publish(body, routing_key: queue.name, **properties) }
    equal channel.wait_for_confirms, true
  end

  # Consumes into a queue of Ruby's, each item [delivery_info, properties, body].
  def inbox(queue, **options)
    inbox = Queue.new
    queue.subscribe(**options) { |*delivery| inbox << delivery }
    inbox
  end

  # Everything that is in a queue now, taken without acks.
  def drain(queue)
    bodies = []
    while (body = queue.pop.last)
      bodies << body
    end
    bodies
  end

  def died(letter, queue, reason)
    _, properties, = letter
    death = properties.headers['x-death'].first
    equal death.values_at('queue', 'reason', 'count', 'exchange'), [queue.name, reason, 1, '']
    equal death['time'].class, Time
    equal properties.headers['x-first-death-reason'], reason
    death
  end
end
