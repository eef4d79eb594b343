/* The story of rabbitmq-c: what a user of it does with a broker, step by step. `story URL`. */
#include "rabbit.h"
#include "steps.h"
#include "teller.h"

#include <unistd.h>

static void connect_step(void) {
  amqp_connection_state_t c = connected();
  const amqp_field_value_t *product = header(*amqp_get_server_properties(c), "product");
  HOLDS(product && same(product->value.bytes, "RabbitMQ"));
  disconnect(c);
}

static void refuse(const char *vhost, const char *password, int code) {
  amqp_connection_state_t c;
  amqp_rpc_reply_t reply = login(&c, vhost, password);
  HOLDS(reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION);
  HOLDS(reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD);
  amqp_connection_close_t *closed = reply.reply.decoded;
  HOLDS(closed->reply_code == code);
  saw("%d %.*s", code, (int)closed->reply_text.len, (char *)closed->reply_text.bytes);
  amqp_destroy_connection(c);
}

static void wrong_password(void) { refuse("/", "wrong", 403); }
static void wrong_vhost(void) { refuse("story.nowhere", NULL, 530); }

static void topology(void) {
  amqp_connection_state_t c = connected();
  amqp_bytes_t name = BYTES("story.topology");
  amqp_exchange_declare(c, 1, name, BYTES("direct"), 0, 1, 0, 0, amqp_empty_table);
  well(c);
  amqp_exchange_declare(c, 1, name, BYTES("direct"), 1, 0, 0, 0, amqp_empty_table);
  well(c);
  HOLDS(declare(c, "story.topology", true, amqp_empty_table) == 0);
  amqp_queue_declare_ok_t *own = amqp_queue_declare(c, 1, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
  well(c);
  HOLDS(own->queue.len > 8);
  amqp_queue_bind(c, 1, name, name, BYTES("key"), amqp_empty_table);
  well(c);
  for (int count = 0; count < 3; count++) HOLDS(publish(c, "story.topology", "key", "body", NULL));
  HOLDS(messages_in(c, "story.topology") == 3);
  amqp_queue_purge_ok_t *purged = amqp_queue_purge(c, 1, name);
  well(c);
  HOLDS(purged->message_count == 3);
  amqp_queue_unbind(c, 1, name, name, BYTES("key"), amqp_empty_table);
  well(c);
  HOLDS(publish(c, "story.topology", "key", "nowhere", NULL));
  HOLDS(messages_in(c, "story.topology") == 0);
  send_to(c, "story.topology", "left");
  open_channel(c, 2);
  amqp_queue_delete(c, 2, name, 0, 1);
  refused(c, 2, 406);
  amqp_queue_delete_ok_t *deleted = amqp_queue_delete(c, 1, name, 1, 0);
  well(c);
  HOLDS(deleted->message_count == 1);
  amqp_exchange_delete(c, 1, name, 1);
  well(c);
  disconnect(c);
}

static void not_found(void) {
  amqp_connection_state_t c = connected();
  amqp_queue_declare(c, 1, BYTES("story.missing"), 1, 0, 0, 0, amqp_empty_table);
  saw("%s", refused(c, 1, 404));
  disconnect(c);
}

static void precondition(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t other[] = {INT("x-max-length", 5)};
  declare(c, "story.precondition", false, amqp_empty_table);
  open_channel(c, 2);
  amqp_queue_declare(c, 2, BYTES("story.precondition"), 0, 0, 0, 0, TABLE(other));
  saw("%s", refused(c, 2, 406));
  delete_queue(c, "story.precondition");
  disconnect(c);
}

static void access_refused(void) {
  amqp_connection_state_t c = connected(), stranger = connected();
  open_channel(c, 2);
  amqp_exchange_delete(c, 2, BYTES("amq.direct"), 0);
  saw("%s", refused(c, 2, 403));
  amqp_queue_declare(c, 1, BYTES("story.exclusive"), 0, 0, 1, 0, amqp_empty_table);
  well(c);
  amqp_queue_declare(stranger, 1, BYTES("story.exclusive"), 1, 0, 0, 0, amqp_empty_table);
  saw("%s", refused(stranger, 1, 405));
  disconnect(stranger);
  delete_queue(c, "story.exclusive");
  disconnect(c);
}

static void unknown_tag(void) {
  amqp_connection_state_t c = connected();
  HOLDS(amqp_basic_ack(c, 1, 77, 0) == AMQP_STATUS_OK);
  /* An ack has no answer: the refusal is that of the next method. */
  amqp_queue_declare(c, 1, amqp_empty_bytes, 0, 0, 1, 0, amqp_empty_table);
  saw("%s", refused(c, 1, 406));
  disconnect(c);
}

static void channel_survives(void) {
  amqp_connection_state_t c = connected();
  open_channel(c, 2);
  amqp_exchange_declare(c, 2, BYTES("story.missing"), BYTES("direct"), 1, 0, 0, 0, amqp_empty_table);
  refused(c, 2, 404);
  declare(c, "story.survives", false, amqp_empty_table);
  send_to(c, "story.survives", "goes on");
  take(c, "story.survives", "goes on");
  delete_queue(c, "story.survives");
  disconnect(c);
}

/* rabbitmq-c leaves recovery to its user, who connects again. */
static void restart(void) {
  amqp_connection_state_t c = connected();
  amqp_basic_properties_t persistent = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
  declare(c, "story.restart", true, amqp_empty_table);
  HOLDS(publish(c, "", "story.restart", "before", &persistent));
  consume(c, "story.restart", false, amqp_empty_table);
  amqp_envelope_t first = next(c);
  HOLDS(same(first.message.body, "before"));
  amqp_destroy_envelope(&first);
  broker_restarted();
  HOLDS(!silent(c));
  amqp_destroy_connection(c);

  c = connected();
  consume(c, "story.restart", false, amqp_empty_table);
  amqp_envelope_t again = next(c);
  HOLDS(same(again.message.body, "before") && again.message.properties.delivery_mode == 2);
  HOLDS(amqp_basic_ack(c, 1, again.delivery_tag, 0) == AMQP_STATUS_OK);
  amqp_destroy_envelope(&again);
  amqp_connection_state_t publisher = connected();
  send_to(publisher, "story.restart", "after");
  disconnect(publisher);
  amqp_envelope_t after = next(c);
  HOLDS(same(after.message.body, "after"));
  amqp_destroy_envelope(&after);
  delete_queue(c, "story.restart");
  disconnect(c);
}

static void close_step(void) {
  amqp_connection_state_t c = connected();
  HOLDS(amqp_channel_close(c, 1, AMQP_REPLY_SUCCESS).reply_type == AMQP_RESPONSE_NORMAL);
  disconnect(c);
}

int main(int count, char **arguments) {
  static const struct step steps[] = {
      {"connect", connect_step}, {"wrong_password", wrong_password}, {"wrong_vhost", wrong_vhost},
      {"topology", topology}, {"default_exchange", default_exchange}, {"direct", direct}, {"fanout", fanout},
      {"topic", topic}, {"headers", headers}, {"exchange_to_exchange", exchange_to_exchange},
      {"alternate_exchange", alternate_exchange}, {"properties", properties}, {"empty_and_large", empty_and_large},
      {"confirms", confirms}, {"returns", returns}, {"acks", acks}, {"nack_requeue", nack_requeue},
      {"reject", reject}, {"prefetch", prefetch}, {"get", get}, {"cancel", cancel}, {"priorities", priorities},
      {"dead_letter", dead_letter}, {"message_ttl", message_ttl}, {"max_length", max_length},
      {"transactions", transactions}, {"rpc", rpc}, {"stream_first", stream_first}, {"stream_last", stream_last},
      {"stream_next", stream_next}, {"stream_offset", stream_offset}, {"stream_timestamp", stream_timestamp},
      {"stream_interval", stream_interval}, {"quorum", quorum}, {"error_not_found", not_found},
      {"error_precondition", precondition}, {"error_access_refused", access_refused},
      {"error_unknown_tag", unknown_tag}, {"channel_survives", channel_survives}, {"restart", restart},
      {"close", close_step}, {0}};
  if (count != 2) return 2;
  story_url = arguments[1];
  tell(steps);
  return 0;
}
