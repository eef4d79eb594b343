# frozen_string_literal: true

# The steps about exchanges: which queue a message reaches.
class Teller
  private

  # Gives an exchange `story.NAME` and a queue for each binding; all are gone afterwards.
  def routed(type, name, bindings)
    exchange = channel.exchange("story.#{name}", type: type)
    queues = bindings.map do |label, (key, arguments)|
      queue = channel.queue("#{exchange.name}.#{label}")
      queue.bind(exchange, routing_key: key, arguments: arguments || {})
    end
    yield exchange, *queues
    queues.each(&:delete)
    exchange.delete
  end

  # Asserts what a queue holds, and empties it.
  def holds(queue, *bodies)
    channel.wait_for_confirms
    equal drain(queue), bodies
  end
end

step 'default_exchange' do
  with_queue('story.default') do |queue|
    channel.default_exchange.publish('by the name of its queue', routing_key: queue.name)
    holds queue, 'by the name of its queue'
  end
end

step 'direct' do
  routed('direct', 'direct', red: 'red', blue: 'blue') do |exchange, red, blue|
    exchange.publish('r', routing_key: 'red')
    exchange.publish('b', routing_key: 'blue')
    exchange.publish('g', routing_key: 'green')
    holds red, 'r'
    holds blue, 'b'
  end
end

step 'fanout' do
  routed('fanout', 'fanout', one: '', two: 'ignored') do |exchange, one, two|
    exchange.publish('to all', routing_key: 'any')
    holds one, 'to all'
    holds two, 'to all'
  end
end

step 'topic' do
  routed('topic', 'topic', star: 'a.*.c', hash: 'a.#', all: '#') do |exchange, star, hash, all|
    %w[a a.b.c a.b.d.c b].each { |key| exchange.publish(key, routing_key: key) }
    holds star, 'a.b.c'
    holds hash, 'a', 'a.b.c', 'a.b.d.c'
    holds all, 'a', 'a.b.c', 'a.b.d.c', 'b'
  end
end

step 'headers' do
  bindings = {
    all: ['', { 'x-match' => 'all', 'colour' => 'red', 'size' => 3 }],
    any: ['', { 'x-match' => 'any', 'colour' => 'red', 'size' => 3 }],
    with_x: ['', { 'x-match' => 'any-with-x', 'x-colour' => 'red', 'size' => 4 }]
  }
  routed('headers', 'headers', bindings) do |exchange, all, any, with_x|
    exchange.publish('both', headers: { 'colour' => 'red', 'size' => 3, 'more' => true })
    exchange.publish('one', headers: { 'colour' => 'red', 'size' => 5 })
    exchange.publish('none', headers: { 'colour' => 'blue' })
    exchange.publish('x', headers: { 'x-colour' => 'red' })
    holds all, 'both'
    holds any, 'both', 'one'
    holds with_x, 'x'
  end
end

step 'exchange_to_exchange' do
  routed('fanout', 'e2e', end: '') do |exchange, queue|
    source = channel.topic('story.e2e.source')
    exchange.bind(source, routing_key: 'go.#')
    source.publish('through two', routing_key: 'go.on')
    source.publish('nowhere', routing_key: 'stay')
    holds queue, 'through two'
    exchange.unbind(source, routing_key: 'go.#')
    source.publish('unbound', routing_key: 'go.on')
    holds queue
    source.delete
  end
end

step 'alternate_exchange' do
  routed('fanout', 'alternate', rest: '') do |exchange, queue|
    first = channel.direct('story.alternate.first', arguments: { 'alternate-exchange' => exchange.name })
    first.publish('caught', routing_key: 'unknown')
    holds queue, 'caught'
    first.delete
  end
end
