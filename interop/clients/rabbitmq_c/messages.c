/* The steps about messages on their way: what survives, what is confirmed, returned, acknowledged, held back. */
#include "rabbit.h"
#include "steps.h"
#include "teller.h"

#include <stdlib.h>
#include <string.h>

static uint64_t get_with_ack(amqp_connection_state_t c, const char *queue, const char *body, bool redelivered) {
  amqp_message_t message;
  amqp_rpc_reply_t reply = amqp_basic_get(c, 1, BYTES(queue), 0);
  HOLDS(reply.reply.id == AMQP_BASIC_GET_OK_METHOD);
  amqp_basic_get_ok_t got = *(amqp_basic_get_ok_t *)reply.reply.decoded;
  HOLDS(got.redelivered == redelivered);
  HOLDS(amqp_read_message(c, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
  HOLDS(same(message.body, body));
  amqp_destroy_message(&message);
  return got.delivery_tag;
}

void properties(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t inner[] = {INT("b", 1)};
  amqp_field_value_t items[] = {{AMQP_FIELD_KIND_I32, {.i32 = 1}}, {AMQP_FIELD_KIND_UTF8, {.bytes = BYTES("two")}}};
  amqp_table_entry_t sent[] = {
      UTF8("str", "žluťoučký"), INT("int", -42), {BYTES("bool"), {AMQP_FIELD_KIND_BOOLEAN, {.boolean = 1}}},
      {BYTES("float"), {AMQP_FIELD_KIND_F64, {.f64 = 2.5}}},
      {BYTES("bytes"), {AMQP_FIELD_KIND_BYTES, {.bytes = {3, "\0\xff\x80"}}}},
      {BYTES("list"), {AMQP_FIELD_KIND_ARRAY, {.array = {2, items}}}},
      {BYTES("table"), {AMQP_FIELD_KIND_TABLE, {.table = TABLE(inner)}}},
      {BYTES("timestamp"), {AMQP_FIELD_KIND_TIMESTAMP, {.u64 = 1700000000}}}};
  amqp_basic_properties_t p = {
      ._flags = 0xffff & ~3u & ~AMQP_BASIC_CLUSTER_ID_FLAG, .content_type = BYTES("application/json"),
      .content_encoding = BYTES("utf-8"), .headers = TABLE(sent), .delivery_mode = 2, .priority = 5,
      .correlation_id = BYTES("c-1"), .reply_to = BYTES("answers"), .expiration = BYTES("60000"),
      .message_id = BYTES("m-1"), .timestamp = 1700000000, .type = BYTES("greeting"), .user_id = BYTES("guest"),
      .app_id = BYTES("story")};
  declare(c, "story.properties", false, amqp_empty_table);
  HOLDS(publish(c, "", "story.properties", "{}", &p));
  amqp_message_t message;
  HOLDS(amqp_basic_get(c, 1, BYTES("story.properties"), 1).reply.id == AMQP_BASIC_GET_OK_METHOD);
  HOLDS(amqp_read_message(c, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
  amqp_basic_properties_t *got = &message.properties;
  HOLDS(got->_flags == p._flags && got->delivery_mode == 2 && got->priority == 5 && got->timestamp == 1700000000);
  HOLDS(same(got->content_type, "application/json") && same(got->content_encoding, "utf-8"));
  HOLDS(same(got->correlation_id, "c-1") && same(got->reply_to, "answers") && same(got->expiration, "60000"));
  HOLDS(same(got->message_id, "m-1") && same(got->type, "greeting"));
  HOLDS(same(got->user_id, "guest") && same(got->app_id, "story"));
  HOLDS(got->headers.num_entries == 8);
  HOLDS(same(header(got->headers, "str")->value.bytes, "žluťoučký"));
  HOLDS(header(got->headers, "int")->value.i32 == -42 && header(got->headers, "bool")->value.boolean == 1);
  HOLDS(header(got->headers, "float")->value.f64 == 2.5);
  HOLDS(header(got->headers, "bytes")->value.bytes.len == 3);
  HOLDS(!memcmp(header(got->headers, "bytes")->value.bytes.bytes, "\0\xff\x80", 3));
  HOLDS(header(got->headers, "list")->value.array.num_entries == 2);
  HOLDS(same(header(got->headers, "list")->value.array.entries[1].value.bytes, "two"));
  HOLDS(header(header(got->headers, "table")->value.table, "b")->value.i32 == 1);
  HOLDS(header(got->headers, "timestamp")->value.u64 == 1700000000);
  amqp_destroy_message(&message);
  delete_queue(c, "story.properties");
  disconnect(c);
}

void empty_and_large(void) {
  amqp_connection_state_t c = connected();
  char *large = malloc((1 << 20) + 1);
  memset(large, 'l', 1 << 20);
  large[1 << 20] = '\0';
  declare(c, "story.sizes", false, amqp_empty_table);
  send_to(c, "story.sizes", "");
  send_to(c, "story.sizes", large);
  take(c, "story.sizes", "");
  take(c, "story.sizes", large);
  free(large);
  delete_queue(c, "story.sizes");
  disconnect(c);
}

void confirms(void) {
  amqp_connection_state_t c = connected();
  declare(c, "story.confirms", false, amqp_empty_table);
  for (int number = 0; number < 100; number++) {
    HOLDS(amqp_basic_publish(c, 1, amqp_empty_bytes, BYTES("story.confirms"), 0, 0, NULL, BYTES("one of a hundred")) ==
          AMQP_STATUS_OK);
  }
  for (uint64_t confirmed = 0; confirmed < 100;) {
    amqp_frame_t frame;
    HOLDS(amqp_simple_wait_frame(c, &frame) == AMQP_STATUS_OK);
    HOLDS(frame.payload.method.id == AMQP_BASIC_ACK_METHOD);
    amqp_basic_ack_t *ack = frame.payload.method.decoded;
    confirmed = ack->multiple ? ack->delivery_tag : confirmed + 1;
  }
  HOLDS(messages_in(c, "story.confirms") == 100);
  delete_queue(c, "story.confirms");
  disconnect(c);
}

void returns(void) {
  amqp_connection_state_t c = connected();
  amqp_frame_t frame;
  amqp_message_t message;
  HOLDS(amqp_basic_publish(c, 1, BYTES("amq.direct"), BYTES("story.nowhere"), 1, 0, NULL, BYTES("back")) ==
        AMQP_STATUS_OK);
  HOLDS(amqp_simple_wait_frame(c, &frame) == AMQP_STATUS_OK);
  HOLDS(frame.payload.method.id == AMQP_BASIC_RETURN_METHOD);
  amqp_basic_return_t *back = frame.payload.method.decoded;
  HOLDS(back->reply_code == 312 && same(back->reply_text, "NO_ROUTE"));
  saw("%d %.*s", back->reply_code, (int)back->reply_text.len, (char *)back->reply_text.bytes);
  HOLDS(amqp_read_message(c, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
  HOLDS(same(message.body, "back"));
  amqp_destroy_message(&message);
  disconnect(c);
}

void acks(void) {
  amqp_connection_state_t c = connected(), working = connected();
  const char *bodies[] = {"1", "2", "3", "4", "5"};
  uint64_t tags[5];
  declare(c, "story.acks", false, amqp_empty_table);
  for (int number = 0; number < 5; number++) send_to(c, "story.acks", bodies[number]);
  consume(working, "story.acks", false, amqp_empty_table);
  for (int number = 0; number < 5; number++) {
    amqp_envelope_t envelope = next(working);
    tags[number] = envelope.delivery_tag;
    amqp_destroy_envelope(&envelope);
  }
  HOLDS(amqp_basic_ack(working, 1, tags[0], 0) == AMQP_STATUS_OK);
  HOLDS(amqp_basic_ack(working, 1, tags[2], 1) == AMQP_STATUS_OK);
  amqp_channel_close(working, 1, AMQP_REPLY_SUCCESS);
  disconnect(working);
  get_with_ack(c, "story.acks", "4", true);
  HOLDS(amqp_basic_ack(c, 1, get_with_ack(c, "story.acks", "5", true), 1) == AMQP_STATUS_OK);
  is_empty(c, "story.acks");
  delete_queue(c, "story.acks");
  disconnect(c);
}

void nack_requeue(void) {
  amqp_connection_state_t c = connected();
  declare(c, "story.nack", false, amqp_empty_table);
  send_to(c, "story.nack", "again");
  HOLDS(amqp_basic_nack(c, 1, get_with_ack(c, "story.nack", "again", false), 0, 1) == AMQP_STATUS_OK);
  get_with_ack(c, "story.nack", "again", true);
  delete_queue(c, "story.nack");
  disconnect(c);
}

void reject(void) {
  amqp_connection_state_t c = connected();
  declare(c, "story.reject", false, amqp_empty_table);
  send_to(c, "story.reject", "unwanted");
  HOLDS(amqp_basic_reject(c, 1, get_with_ack(c, "story.reject", "unwanted", false), 0) == AMQP_STATUS_OK);
  is_empty(c, "story.reject");
  delete_queue(c, "story.reject");
  disconnect(c);
}

void prefetch(void) {
  amqp_connection_state_t c = connected();
  uint64_t tag = 0;
  declare(c, "story.prefetch", false, amqp_empty_table);
  for (int number = 0; number < 5; number++) send_to(c, "story.prefetch", "body");
  amqp_basic_qos(c, 1, 0, 3, 0);
  well(c);
  consume(c, "story.prefetch", false, amqp_empty_table);
  for (int number = 0; number < 3; number++) {
    amqp_envelope_t envelope = next(c);
    tag = envelope.delivery_tag;
    amqp_destroy_envelope(&envelope);
  }
  HOLDS(silent(c));
  HOLDS(amqp_basic_ack(c, 1, tag, 0) == AMQP_STATUS_OK);
  amqp_envelope_t fourth = next(c);
  amqp_destroy_envelope(&fourth);
  HOLDS(silent(c));
  delete_queue(c, "story.prefetch");
  disconnect(c);
}

void get(void) {
  amqp_connection_state_t c = connected();
  declare(c, "story.get", false, amqp_empty_table);
  is_empty(c, "story.get");
  send_to(c, "story.get", "1");
  send_to(c, "story.get", "2");
  amqp_rpc_reply_t reply = amqp_basic_get(c, 1, BYTES("story.get"), 1);
  HOLDS(reply.reply.id == AMQP_BASIC_GET_OK_METHOD);
  HOLDS(((amqp_basic_get_ok_t *)reply.reply.decoded)->message_count == 1);
  amqp_message_t message;
  HOLDS(amqp_read_message(c, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
  amqp_destroy_message(&message);
  take(c, "story.get", "2");
  delete_queue(c, "story.get");
  disconnect(c);
}

void cancel(void) {
  amqp_connection_state_t c = connected(), other = connected();
  declare(c, "story.cancel", false, amqp_empty_table);
  amqp_basic_consume(c, 1, BYTES("story.cancel"), BYTES("story"), 0, 1, 0, amqp_empty_table);
  well(c);
  amqp_basic_cancel(c, 1, BYTES("story"));
  well(c);
  send_to(other, "story.cancel", "unheard");
  HOLDS(silent(c));
  amqp_basic_consume(c, 1, BYTES("story.cancel"), BYTES("story.told"), 0, 1, 0, amqp_empty_table);
  well(c);
  amqp_envelope_t envelope = next(c);
  HOLDS(same(envelope.message.body, "unheard"));
  amqp_destroy_envelope(&envelope);
  delete_queue(other, "story.cancel");
  amqp_frame_t frame;
  HOLDS(amqp_simple_wait_frame(c, &frame) == AMQP_STATUS_OK);
  HOLDS(frame.payload.method.id == AMQP_BASIC_CANCEL_METHOD);
  HOLDS(same(((amqp_basic_cancel_t *)frame.payload.method.decoded)->consumer_tag, "story.told"));
  disconnect(other);
  disconnect(c);
}
