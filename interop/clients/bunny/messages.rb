# frozen_string_literal: true

# The steps about messages on their way: what survives, what is confirmed, returned, acknowledged, held back.

step 'properties' do
  with_queue('story.properties') do |queue|
    headers = {
      'str' => 'žluťoučký',
      'int' => -42,
      'long' => 2**40,
      'bool' => true,
      'float' => 2.5,
      'bytes' => "\x00\xFF\x80".b,
      'list' => [1, 'two', false, { 'deep' => 'yes' }],
      'table' => { 'a' => { 'b' => 1 } },
      'timestamp' => Time.at(1_700_000_000),
      'nothing' => nil
    }
    sent = {
      content_type: 'application/json',
      content_encoding: 'utf-8',
      delivery_mode: 2,
      priority: 5,
      correlation_id: 'c-1',
      reply_to: 'answers',
      expiration: '60000',
      message_id: 'm-1',
      timestamp: Time.at(1_700_000_000),
      type: 'greeting',
      user_id: 'guest',
      app_id: 'story'
    }
    publishing = sent.except(:delivery_mode).merge(persistent: true, headers: headers)
    send_to queue, '{}', **publishing, timestamp: sent[:timestamp].to_i
    _, properties, = queue.pop
    sent.each { |name, value| equal properties[name], value }
    got = properties.headers
    # Bunny gives every string as bytes.
    equal got.transform_values { |value| value.is_a?(String) ? value.b : value },
          headers.transform_values { |value| value.is_a?(String) ? value.b : value }
  end
end

step 'empty_and_large' do
  with_queue('story.sizes') do |queue|
    large = 'leveret ' * (1 << 17)
    send_to queue, '', large
    equal queue.pop.last, ''
    equal queue.pop.last == large, true
  end
end

step 'confirms' do
  with_queue('story.confirms') do |queue|
    100.times { |number| queue.publish(number.to_s) }
    equal channel.next_publish_seq_no, 101
    equal channel.wait_for_confirms, true
    equal channel.unconfirmed_set.to_a, []
    equal queue.message_count, 100
  end
end

step 'returns' do
  returned = Queue.new
  exchange = channel.direct('amq.direct')
  exchange.on_return { |*returning| returned << returning }
  exchange.publish('back', routing_key: 'story.nowhere', mandatory: true, message_id: 'm-2')
  info, properties, body = returned.pop
  equal [body, properties[:message_id]], ['back', 'm-2']
  equal [info.reply_code, info.reply_text], [312, 'NO_ROUTE']
  saw "#{info.reply_code} #{info.reply_text} #{info.exchange} #{info.routing_key}"
end

step 'acks' do
  with_queue('story.acks') do |queue|
    send_to queue, '1', '2', '3', '4', '5'
    working = another_channel
    deliveries = Queue.new
    working.queue(queue.name, passive: true).subscribe(manual_ack: true) { |info, *| deliveries << info }
    tags = Array.new(5) { deliveries.pop.delivery_tag }
    working.ack(tags[0])
    working.ack(tags[2], true)
    working.close
    left = Array.new(2) { queue.pop(manual_ack: true) }
    equal(left.map { |info, _, body| [body, info.redelivered?] }, [['4', true], ['5', true]])
    equal queue.pop, [nil, nil, nil]
    channel.ack(left.last.first.delivery_tag, true)
    equal queue.message_count, 0
  end
end

step 'nack_requeue' do
  with_queue('story.nack') do |queue|
    send_to queue, 'again'
    messages = inbox(queue, manual_ack: true)
    info, = messages.pop
    equal info.redelivered?, false
    channel.nack(info.delivery_tag, false, true)
    info, _, body = messages.pop
    equal [body, info.redelivered?], ['again', true]
    channel.ack(info.delivery_tag)
  end
end

step 'reject' do
  with_queue('story.reject') do |queue|
    send_to queue, 'unwanted'
    info, = queue.pop(manual_ack: true)
    channel.reject(info.delivery_tag, false)
    equal queue.pop, [nil, nil, nil]
  end
end

step 'prefetch' do
  with_queue('story.prefetch') do |queue|
    send_to queue, '1', '2', '3', '4', '5'
    channel.prefetch(3)
    messages = inbox(queue, manual_ack: true)
    held = Array.new(3) { messages.pop.first }
    equal [queue.message_count, messages.size], [2, 0]
    channel.ack(held.first.delivery_tag)
    equal messages.pop.last, '4'
    equal [queue.message_count, messages.size], [1, 0]
  end
end

step 'get' do
  with_queue('story.get') do |queue|
    equal queue.pop, [nil, nil, nil]
    send_to queue, '1', '2', '3'
    info, _, body = queue.pop(manual_ack: true)
    # How many are left is in get-ok, which Bunny keeps for itself.
    equal [body, queue.message_count], ['1', 2]
    channel.ack(info.delivery_tag)
    equal drain(queue), %w[2 3]
  end
end

step 'cancel' do
  queue = channel.queue('story.cancel')
  messages = Queue.new
  consumer = queue.subscribe { |_, _, body| messages << body }
  send_to queue, 'heard'
  equal messages.pop, 'heard'
  consumer.cancel
  send_to queue, 'unheard'
  equal queue.status, { message_count: 1, consumer_count: 0 }
  equal messages.size, 0

  cancelled = Queue.new
  consumer = Bunny::Consumer.new(channel, queue, 'story.told')
  consumer.on_delivery { |_, _, body| messages << body }
  consumer.on_cancellation { |cancel| cancelled << cancel.consumer_tag }
  queue.subscribe_with(consumer)
  equal messages.pop, 'unheard'
  queue.delete
  equal cancelled.pop, 'story.told'
end
