/* The steps about what queues do by themselves: priorities, dead letters, limits; transactions, and calls. */
#include "rabbit.h"
#include "steps.h"
#include "teller.h"

#define DYING(dead) UTF8("x-dead-letter-exchange", ""), UTF8("x-dead-letter-routing-key", dead)

/* Wait for a dead letter, assert its first x-death entry, and delete both queues. */
static void died(amqp_connection_state_t c, const char *queue, const char *dead, const char *reason) {
  amqp_connection_state_t heir = connected();
  consume(heir, dead, true, amqp_empty_table);
  amqp_envelope_t letter = next(heir);
  amqp_table_t table = letter.message.properties.headers;
  amqp_table_t death = header(table, "x-death")->value.array.entries[0].value.table;
  HOLDS(same(header(death, "queue")->value.bytes, queue) && same(header(death, "reason")->value.bytes, reason));
  HOLDS(header(death, "count")->value.i64 == 1 && header(death, "time")->kind == AMQP_FIELD_KIND_TIMESTAMP);
  HOLDS(same(header(table, "x-first-death-reason")->value.bytes, reason));
  amqp_destroy_envelope(&letter);
  disconnect(heir);
  delete_queue(c, queue);
  delete_queue(c, dead);
}

void priorities(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t arguments[] = {INT("x-max-priority", 10)};
  const char *bodies[] = {"1", "9", "5"};
  declare(c, "story.priorities", false, TABLE(arguments));
  for (int number = 0; number < 3; number++) {
    amqp_basic_properties_t p = {._flags = AMQP_BASIC_PRIORITY_FLAG, .priority = (uint8_t)(*bodies[number] - '0')};
    HOLDS(publish(c, "", "story.priorities", bodies[number], &p));
  }
  take(c, "story.priorities", "9");
  take(c, "story.priorities", "5");
  take(c, "story.priorities", "1");
  delete_queue(c, "story.priorities");
  disconnect(c);
}

void dead_letter(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t arguments[] = {DYING("story.dead")};
  declare(c, "story.dead", false, amqp_empty_table);
  declare(c, "story.dead_letter", false, TABLE(arguments));
  send_to(c, "story.dead_letter", "refused");
  consume(c, "story.dead_letter", false, amqp_empty_table);
  amqp_envelope_t envelope = next(c);
  HOLDS(amqp_basic_reject(c, 1, envelope.delivery_tag, 0) == AMQP_STATUS_OK);
  amqp_destroy_envelope(&envelope);
  died(c, "story.dead_letter", "story.dead", "rejected");
  disconnect(c);
}

void message_ttl(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t expiring[] = {DYING("story.dead"), INT("x-message-ttl", 50)}, plain[] = {DYING("story.dead")};
  amqp_basic_properties_t p = {._flags = AMQP_BASIC_EXPIRATION_FLAG, .expiration = BYTES("50")};
  declare(c, "story.dead", false, amqp_empty_table);
  declare(c, "story.ttl", false, TABLE(expiring));
  send_to(c, "story.ttl", "the queue's");
  died(c, "story.ttl", "story.dead", "expired");
  declare(c, "story.dead", false, amqp_empty_table);
  declare(c, "story.ttl", false, TABLE(plain));
  HOLDS(publish(c, "", "story.ttl", "its own", &p));
  died(c, "story.ttl", "story.dead", "expired");
  disconnect(c);
}

void max_length(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t dropping[] = {INT("x-max-length", 1)};
  amqp_table_entry_t refusing[] = {INT("x-max-length", 1), UTF8("x-overflow", "reject-publish")};
  declare(c, "story.max_length", false, TABLE(dropping));
  send_to(c, "story.max_length", "1");
  send_to(c, "story.max_length", "2");
  take(c, "story.max_length", "2");
  is_empty(c, "story.max_length");
  delete_queue(c, "story.max_length");
  declare(c, "story.max_length", false, TABLE(refusing));
  send_to(c, "story.max_length", "1");
  HOLDS(!publish(c, "", "story.max_length", "2", NULL));
  take(c, "story.max_length", "1");
  is_empty(c, "story.max_length");
  delete_queue(c, "story.max_length");
  disconnect(c);
}

void transactions(void) {
  amqp_connection_state_t c = connected();
  declare(c, "story.tx", false, amqp_empty_table);
  open_channel(c, 2);
  amqp_tx_select(c, 2);
  well(c);
  HOLDS(amqp_basic_publish(c, 2, amqp_empty_bytes, BYTES("story.tx"), 0, 0, NULL, BYTES("undone")) == AMQP_STATUS_OK);
  amqp_tx_rollback(c, 2);
  well(c);
  HOLDS(amqp_basic_publish(c, 2, amqp_empty_bytes, BYTES("story.tx"), 0, 0, NULL, BYTES("done")) == AMQP_STATUS_OK);
  HOLDS(messages_in(c, "story.tx") == 0);
  amqp_tx_commit(c, 2);
  well(c);
  take(c, "story.tx", "done");
  is_empty(c, "story.tx");
  delete_queue(c, "story.tx");
  disconnect(c);
}

void rpc(void) {
  amqp_connection_state_t client = connected(), server = connected();
  declare(server, "story.rpc", false, amqp_empty_table);
  consume(client, "amq.rabbitmq.reply-to", true, amqp_empty_table);
  amqp_basic_properties_t p = {._flags = AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG,
                               .reply_to = BYTES("amq.rabbitmq.reply-to"), .correlation_id = BYTES("call-1")};
  HOLDS(publish(client, "", "story.rpc", "21", &p));
  consume(server, "story.rpc", true, amqp_empty_table);
  amqp_envelope_t call = next(server);
  HOLDS(same(call.message.body, "21"));
  amqp_basic_properties_t answering = {._flags = AMQP_BASIC_CORRELATION_ID_FLAG,
                                       .correlation_id = call.message.properties.correlation_id};
  HOLDS(amqp_basic_publish(server, 1, amqp_empty_bytes, call.message.properties.reply_to, 0, 0, &answering,
                           BYTES("42")) == AMQP_STATUS_OK);
  amqp_destroy_envelope(&call);
  amqp_envelope_t answer = next(client);
  HOLDS(same(answer.message.body, "42") && same(answer.message.properties.correlation_id, "call-1"));
  amqp_destroy_envelope(&answer);
  disconnect(client);
  delete_queue(server, "story.rpc");
  disconnect(server);
}

void quorum(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t arguments[] = {DYING("story.dead"), UTF8("x-queue-type", "quorum"), INT("x-delivery-limit", 2)};
  declare(c, "story.dead", false, amqp_empty_table);
  declare(c, "story.quorum", true, TABLE(arguments));
  send_to(c, "story.quorum", "poison");
  consume(c, "story.quorum", false, amqp_empty_table);
  for (int attempt = 0; attempt < 3; attempt++) {
    amqp_envelope_t envelope = next(c);
    amqp_basic_properties_t *p = &envelope.message.properties;
    bool some = p->_flags & AMQP_BASIC_HEADERS_FLAG;
    const amqp_field_value_t *count = some ? header(p->headers, "x-delivery-count") : NULL;
    HOLDS(attempt ? count && count->value.i64 == attempt : !count);
    HOLDS(amqp_basic_nack(c, 1, envelope.delivery_tag, 0, 1) == AMQP_STATUS_OK);
    amqp_destroy_envelope(&envelope);
  }
  died(c, "story.quorum", "story.dead", "delivery_limit");
  disconnect(c);
}
