/* The steps about streams: a queue of x-queue-type stream, read from every kind of offset. */
#include "rabbit.h"
#include "steps.h"
#include "teller.h"

#include <stdio.h>
#include <time.h>

enum { LENGTH = 10 };

static int64_t next_offset(amqp_connection_state_t c) {
  char text[24];
  amqp_envelope_t envelope = next(c);
  int64_t offset = header(envelope.message.properties.headers, "x-stream-offset")->value.i64;
  snprintf(text, sizeof text, "%d", (int)offset);
  HOLDS(same(envelope.message.body, text));
  HOLDS(amqp_basic_ack(c, 1, envelope.delivery_tag, 0) == AMQP_STATUS_OK);
  amqp_destroy_envelope(&envelope);
  return offset;
}

/* Read a stream from the offset; the first has to be this one, or any where it is negative, and none is left out. */
static void reading(amqp_field_value_t from, int64_t first) {
  amqp_connection_state_t publisher = connected(), c = connected();
  amqp_table_entry_t stream[] = {UTF8("x-queue-type", "stream")}, offset[] = {{BYTES("x-stream-offset"), from}};
  char text[24];
  declare(publisher, "story.stream", true, TABLE(stream));
  for (int number = 0; number < LENGTH; number++) {
    snprintf(text, sizeof text, "%d", number);
    send_to(publisher, "story.stream", text);
  }
  amqp_basic_qos(c, 1, 0, 5, 0); /* a stream is not read without a prefetch, nor without acks */
  well(c);
  consume(c, "story.stream", false, TABLE(offset));
  if (first == LENGTH) send_to(publisher, "story.stream", "10");
  int64_t got = next_offset(c);
  HOLDS(first < 0 ? got < LENGTH : got == first);
  while (++got < LENGTH) HOLDS(next_offset(c) == got);
  disconnect(c);
  delete_queue(publisher, "story.stream");
  disconnect(publisher);
}

static amqp_field_value_t word(const char *text) {
  return (amqp_field_value_t){AMQP_FIELD_KIND_UTF8, {.bytes = BYTES(text)}};
}

void stream_first(void) { reading(word("first"), 0); }
/* "last" is the last chunk, which may hold more than the last message. */
void stream_last(void) { reading(word("last"), -1); }
void stream_next(void) { reading(word("next"), LENGTH); }
void stream_offset(void) { reading((amqp_field_value_t){AMQP_FIELD_KIND_I64, {.i64 = 6}}, 6); }
void stream_interval(void) { reading(word("1h"), 0); }
void stream_timestamp(void) {
  reading((amqp_field_value_t){AMQP_FIELD_KIND_TIMESTAMP, {.u64 = (uint64_t)time(NULL) - 3600}}, 0);
}
