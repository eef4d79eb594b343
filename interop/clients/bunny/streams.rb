# frozen_string_literal: true

# The steps about streams: a queue of x-queue-type stream, read from every kind of offset.
STREAM_LENGTH = 10

class Teller
  private

  # Fills a stream and reads it from an offset; gives the queue and a proc for the next message's offset.
  def reading(offset)
    with_queue('story.stream', arguments: { 'x-queue-type' => 'stream' }, durable: true) do |queue|
      send_to queue, *(0...STREAM_LENGTH).map(&:to_s)
      channel.prefetch(5) # a stream is not read without a prefetch, nor without acks
      messages = inbox(queue, manual_ack: true, arguments: { 'x-stream-offset' => offset })
      next_offset = lambda do
        info, properties, body = messages.pop
        channel.ack(info.delivery_tag)
        equal body, properties.headers['x-stream-offset'].to_s
        body.to_i
      end
      yield next_offset, queue
    end
  end

  # Reads on until the last message, of which none is left out; gives the first offset.
  def read_to_end(next_offset)
    first = next_offset.call
    (first + 1...STREAM_LENGTH).each { |offset| equal next_offset.call, offset }
    first
  end
end

{ 'stream_first' => 'first', 'stream_timestamp' => Time.now - 3600, 'stream_interval' => '1h' }.each do |name, offset|
  step(name) { reading(offset) { |next_offset| equal read_to_end(next_offset), 0 } }
end

# "last" is the last chunk, which may hold more than the last message.
step('stream_last') { reading('last') { |next_offset| read_to_end(next_offset) } }

step 'stream_next' do
  reading('next') do |next_offset, queue|
    send_to queue, STREAM_LENGTH.to_s
    equal next_offset.call, STREAM_LENGTH
  end
end

step('stream_offset') { reading(6) { |next_offset| equal read_to_end(next_offset), 6 } }
