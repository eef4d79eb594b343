#include "rabbit.h"

#include "teller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static struct timeval patience = {5, 0};

amqp_rpc_reply_t login(amqp_connection_state_t *c, const char *vhost, const char *password) {
  struct amqp_connection_info info;
  char *url = strdup(story_url);
  HOLDS(amqp_parse_url(url, &info) == AMQP_STATUS_OK);
  *c = amqp_new_connection();
  HOLDS(amqp_socket_open(amqp_tcp_socket_new(*c), info.host, info.port) == AMQP_STATUS_OK);
  /* By itself the library does not say that its user wants to hear when a queue is gone. */
  amqp_table_entry_t able[] = {{BYTES("consumer_cancel_notify"), {AMQP_FIELD_KIND_BOOLEAN, {.boolean = 1}}}};
  amqp_table_entry_t more[] = {{BYTES("capabilities"), {AMQP_FIELD_KIND_TABLE, {.table = TABLE(able)}}}};
  amqp_table_t told = TABLE(more);
  amqp_rpc_reply_t reply = amqp_login_with_properties(
      *c, vhost, AMQP_DEFAULT_MAX_CHANNELS, AMQP_DEFAULT_FRAME_SIZE, 0, &told, AMQP_SASL_METHOD_PLAIN, info.user,
      password ? password : info.password);
  free(url);
  return reply;
}

void open_channel(amqp_connection_state_t c, amqp_channel_t channel) {
  amqp_channel_open(c, channel);
  well(c);
}

amqp_connection_state_t connected(void) {
  amqp_connection_state_t c;
  HOLDS(login(&c, "/", NULL).reply_type == AMQP_RESPONSE_NORMAL);
  open_channel(c, 1);
  amqp_confirm_select(c, 1);
  well(c);
  return c;
}

void disconnect(amqp_connection_state_t c) {
  HOLDS(amqp_connection_close(c, AMQP_REPLY_SUCCESS).reply_type == AMQP_RESPONSE_NORMAL);
  HOLDS(amqp_destroy_connection(c) == AMQP_STATUS_OK);
}

void well(amqp_connection_state_t c) {
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(c);
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) fail("%s", amqp_error_string2(reply.library_error));
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) fail("%s", amqp_method_name(reply.reply.id));
}

const char *refused(amqp_connection_state_t c, amqp_channel_t channel, int code) {
  static char words[256];
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(c);
  HOLDS(reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION);
  HOLDS(reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD);
  amqp_channel_close_t *closed = reply.reply.decoded;
  HOLDS(closed->reply_code == code);
  snprintf(words, sizeof words, "%d %.*s", code, (int)closed->reply_text.len, (char *)closed->reply_text.bytes);
  amqp_channel_close_ok_t ok = {0};
  HOLDS(amqp_send_method(c, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok) == AMQP_STATUS_OK);
  return words;
}

uint32_t declare(amqp_connection_state_t c, const char *queue, bool durable, amqp_table_t arguments) {
  amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 1, BYTES(queue), 0, durable, 0, 0, arguments);
  well(c);
  return ok->message_count;
}

uint32_t messages_in(amqp_connection_state_t c, const char *queue) {
  amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 1, BYTES(queue), 1, 0, 0, 0, amqp_empty_table);
  well(c);
  return ok->message_count;
}

void delete_queue(amqp_connection_state_t c, const char *queue) {
  amqp_queue_delete(c, 1, BYTES(queue), 0, 0);
  well(c);
}

bool publish(amqp_connection_state_t c, const char *exchange, const char *key, const char *body,
             const amqp_basic_properties_t *properties) {
  amqp_frame_t frame;
  HOLDS(amqp_basic_publish(c, 1, BYTES(exchange), BYTES(key), 0, 0, properties, BYTES(body)) == AMQP_STATUS_OK);
  HOLDS(amqp_simple_wait_frame_noblock(c, &frame, &patience) == AMQP_STATUS_OK);
  HOLDS(frame.frame_type == AMQP_FRAME_METHOD);
  HOLDS(frame.payload.method.id == AMQP_BASIC_ACK_METHOD || frame.payload.method.id == AMQP_BASIC_NACK_METHOD);
  return frame.payload.method.id == AMQP_BASIC_ACK_METHOD;
}

void send_to(amqp_connection_state_t c, const char *queue, const char *body) {
  HOLDS(publish(c, "", queue, body, NULL));
}

void consume(amqp_connection_state_t c, const char *queue, bool no_ack, amqp_table_t arguments) {
  amqp_basic_consume(c, 1, BYTES(queue), amqp_empty_bytes, 0, no_ack, 0, arguments);
  well(c);
}

amqp_envelope_t next(amqp_connection_state_t c) {
  amqp_envelope_t envelope;
  HOLDS(amqp_consume_message(c, &envelope, &patience, 0).reply_type == AMQP_RESPONSE_NORMAL);
  return envelope;
}

bool silent(amqp_connection_state_t c) {
  struct timeval tenth = {0, 100000};
  amqp_envelope_t envelope;
  amqp_rpc_reply_t reply = amqp_consume_message(c, &envelope, &tenth, 0);
  return reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && reply.library_error == AMQP_STATUS_TIMEOUT;
}

void take(amqp_connection_state_t c, const char *queue, const char *body) {
  amqp_message_t message;
  HOLDS(amqp_basic_get(c, 1, BYTES(queue), 1).reply.id == AMQP_BASIC_GET_OK_METHOD);
  HOLDS(amqp_read_message(c, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
  if (!same(message.body, body)) fail("got %.*s, not %s", (int)message.body.len, (char *)message.body.bytes, body);
  amqp_destroy_message(&message);
}

void is_empty(amqp_connection_state_t c, const char *queue) {
  HOLDS(amqp_basic_get(c, 1, BYTES(queue), 1).reply.id == AMQP_BASIC_GET_EMPTY_METHOD);
}

bool same(amqp_bytes_t bytes, const char *text) {
  return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

const amqp_field_value_t *header(amqp_table_t table, const char *name) {
  for (int number = 0; number < table.num_entries; number++) {
    if (same(table.entries[number].key, name)) return &table.entries[number].value;
  }
  return NULL;
}
