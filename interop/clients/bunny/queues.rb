# frozen_string_literal: true

# The steps about what queues do by themselves: priorities, dead letters, limits; transactions, and calls.

step 'priorities' do
  with_queue('story.priorities', arguments: { 'x-max-priority' => 10 }) do |queue|
    [1, 9, 5, 9].each { |priority| send_to queue, priority.to_s, priority: priority }
    equal drain(queue), %w[9 9 5 1]
  end
end

step 'dead_letter' do
  with_dead_letters('story.dead_letter') do |queue, letters|
    send_to queue, 'refused'
    info, = inbox(queue, manual_ack: true).pop
    channel.reject(info.delivery_tag, false)
    letter = letters.pop
    equal letter.last, 'refused'
    died letter, queue, 'rejected'
  end
end

step 'message_ttl' do
  with_dead_letters('story.ttl', arguments: { 'x-message-ttl' => 50 }) do |queue, letters|
    send_to queue, "the queue's"
    letter = letters.pop
    equal letter.last, "the queue's"
    died letter, queue, 'expired'
  end
  with_dead_letters('story.ttl.own') do |queue, letters|
    send_to queue, 'its own', expiration: '50'
    letter = letters.pop
    equal letter.last, 'its own'
    equal died(letter, queue, 'expired')['original-expiration'], '50'
    equal letter[1].expiration, nil
  end
end

step 'max_length' do
  with_queue('story.max_length', arguments: { 'x-max-length' => 2 }) do |queue|
    send_to queue, '1', '2', '3'
    equal drain(queue), %w[2 3]
  end
  refusing = { 'x-max-length' => 2, 'x-overflow' => 'reject-publish' }
  with_queue('story.max_length', arguments: refusing) do |queue|
    send_to queue, '1', '2'
    queue.publish('3')
    equal channel.wait_for_confirms, false
    equal channel.nacked_set.size, 1
    equal drain(queue), %w[1 2]
  end
end

step 'transactions' do
  with_queue('story.tx') do |queue|
    tx = another_channel
    tx.tx_select
    tx.default_exchange.publish('undone', routing_key: queue.name)
    tx.tx_rollback
    tx.default_exchange.publish('done', routing_key: queue.name)
    equal queue.message_count, 0
    tx.tx_commit
    equal drain(queue), ['done']
  end
end

step 'rpc' do
  with_queue('story.rpc') do |queue|
    calls = inbox(queue)
    client = another_channel
    answers = Queue.new
    client.basic_consume('amq.rabbitmq.reply-to', '', true) { |*answer| answers << answer }
    client.default_exchange.publish('21', routing_key: queue.name, reply_to: 'amq.rabbitmq.reply-to',
                                          correlation_id: 'call-1')
    _, call, body = calls.pop
    match(/\Aamq\.rabbitmq\.reply-to\../, call.reply_to)
    answer = (body.to_i * 2).to_s
    channel.default_exchange.publish(answer, routing_key: call.reply_to, correlation_id: call.correlation_id)
    _, properties, body = answers.pop
    equal [body, properties.correlation_id], %w[42 call-1]
  end
end

step 'quorum' do
  arguments = { 'x-queue-type' => 'quorum', 'x-delivery-limit' => 2 }
  with_dead_letters('story.quorum', arguments: arguments, durable: true) do |queue, letters|
    send_to queue, 'poison'
    messages = inbox(queue, manual_ack: true)
    counts = Array.new(3) do
      info, properties, = messages.pop
      channel.nack(info.delivery_tag, false, true)
      (properties.headers || {})['x-delivery-count']
    end
    equal counts, [nil, 1, 2]
    died letters.pop, queue, 'delivery_limit'
  end
end
