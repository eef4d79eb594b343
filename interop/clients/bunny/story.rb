# frozen_string_literal: true

# The story of Bunny: what a user of it does with a broker, step by step. `ruby story.rb URL`.

require 'uri'
require_relative 'teller'
require_relative 'rabbit'

step 'connect' do
  equal session.server_properties['product'], 'RabbitMQ'
  equal session.server_capabilities['publisher_confirms'], true
  equal session.server_capabilities['consumer_cancel_notify'], true
end

step 'wrong_password' do
  @url = URI(@url).tap { |uri| uri.password = 'wrong' }.to_s
  saw(refused(Bunny::AuthenticationFailureError) { connect })
end

step 'wrong_vhost' do
  saw(refused(Bunny::NotAllowedError) { connect(vhost: 'story.nowhere') })
end

step 'topology' do
  exchange = channel.direct('story.topology', durable: true)
  channel.direct('story.topology', passive: true)
  passing = channel.fanout('story.topology.passing', auto_delete: true)
  queue = channel.queue('story.topology', durable: true)
  equal queue.status, { message_count: 0, consumer_count: 0 }
  own = channel.queue('', exclusive: true, auto_delete: true)
  match(/\Aamq\.gen-/, own.name)
  equal own.server_named?, true

  queue.bind(exchange, routing_key: 'key')
  %w[one two three].each { |body| exchange.publish(body, routing_key: 'key') }
  channel.wait_for_confirms
  equal queue.message_count, 3
  equal queue.purge.class, Bunny::Queue
  equal queue.message_count, 0
  queue.unbind(exchange, routing_key: 'key')
  exchange.publish('nowhere', routing_key: 'key')
  channel.wait_for_confirms
  equal queue.message_count, 0
  send_to queue, 'counted'
  equal channel.queue_purge(queue.name).message_count, 1

  send_to queue, 'left'
  full = refused(Bunny::PreconditionFailed) { another_channel.queue_delete(queue.name, if_empty: true) }
  match(/not empty/, full.message)
  consumer = queue.subscribe {}
  used = refused(Bunny::PreconditionFailed) { another_channel.queue_delete(queue.name, if_unused: true) }
  match(/in use/, used.message)
  consumer.cancel
  send_to queue, 'left'
  equal channel.queue_delete(queue.name, if_unused: true).message_count, 1

  # An auto-delete exchange goes with its last binding.
  own.bind(passing).unbind(passing)
  refused(Bunny::NotFound) { another_channel.fanout(passing.name, passive: true) }
  exchange.delete(if_unused: true)
end

require_relative 'routing'
require_relative 'messages'
require_relative 'queues'
require_relative 'streams'
require_relative 'mistakes'

# Bunny's own recovery: the connection comes back with its channels, queues and consumers.
step 'restart' do
  recovered = Queue.new
  @session = connect(
    automatically_recover: true,
    network_recovery_interval: 0.5,
    recovery_completed: -> { recovered << true }
  )
  queue = channel.queue('story.restart', durable: true)
  send_to queue, 'before', persistent: true
  acking = false
  inbox = Queue.new
  queue.subscribe(manual_ack: true) do |info, properties, body|
    ack_it = acking # before anybody knows of the delivery
    inbox << [info, properties, body]
    channel.ack(info.delivery_tag) if ack_it
  end
  info, _, body = inbox.pop
  equal [body, info.redelivered?], ['before', false]
  acking = true

  broker_restarted
  recovered.pop
  _, properties, body = inbox.pop
  equal [body, properties.delivery_mode], ['before', 2]
  send_to queue, 'after', persistent: true
  equal inbox.pop.last, 'after'
  queue.delete
end

step 'close' do
  equal channel.close, nil
  equal channel.closed?, true
  session.close
  equal session.closed?, true
  refused(Bunny::ConnectionAlreadyClosed) { session.create_channel }
end

Teller.tell(ARGV.fetch(0))
