# frozen_string_literal: true

# The steps about errors: what the user of Bunny sees, and that the connection goes on.

step 'error_not_found' do
  saw(refused(Bunny::NotFound) { channel.queue('story.missing', passive: true) })
end

step 'error_precondition' do
  with_queue('story.precondition') do |queue|
    saw(refused(Bunny::PreconditionFailed) { another_channel.queue(queue.name, arguments: { 'x-max-length' => 5 }) })
  end
end

step 'error_access_refused' do
  saw(refused(Bunny::AccessRefused) { another_channel.exchange_delete('amq.direct') })
  owned = channel.queue('story.exclusive', exclusive: true)
  stranger = connect.create_channel
  saw(refused(Bunny::ResourceLocked) { stranger.queue(owned.name, passive: true) })
  owned.delete
end

step 'error_unknown_tag' do
  closed = Queue.new
  channel.on_error { |_, close| closed << close }
  # Bunny ties a tag to the life of its channel; one made up has to be sent below that.
  channel.basic_ack(77)
  close = closed.pop
  equal close.reply_code, 406
  saw "#{close.reply_code} #{close.reply_text}"
end

step 'channel_survives' do
  refused(Bunny::NotFound) { another_channel.direct('story.missing', passive: true) }
  channel.queue('', exclusive: true).tap do |queue|
    send_to queue, 'goes on'
    equal inbox(queue).pop.last, 'goes on'
  end
end
