/* The steps about exchanges: which queue a message reaches. */
#include "rabbit.h"
#include "steps.h"
#include "teller.h"

#include <string.h>

static void declare_exchange(amqp_connection_state_t c, const char *name, const char *type, amqp_table_t arguments) {
  amqp_exchange_declare(c, 1, BYTES(name), BYTES(type), 0, 0, 0, 0, arguments);
  well(c);
}

static void delete_exchange(amqp_connection_state_t c, const char *name) {
  amqp_exchange_delete(c, 1, BYTES(name), 0);
  well(c);
}

static void bound(amqp_connection_state_t c, const char *queue, const char *exchange, const char *key,
                  amqp_table_t arguments) {
  declare(c, queue, false, amqp_empty_table);
  amqp_queue_bind(c, 1, BYTES(queue), BYTES(exchange), BYTES(key), arguments);
  well(c);
}

/* Assert that the queue holds these bodies, up to NULL, and nothing more; and delete it. */
static void holds(amqp_connection_state_t c, const char *queue, const char *const *bodies) {
  for (; *bodies; bodies++) take(c, queue, *bodies);
  is_empty(c, queue);
  delete_queue(c, queue);
}

#define HOLD(c, queue, ...) holds(c, queue, (const char *const[]){__VA_ARGS__, NULL})

void default_exchange(void) {
  amqp_connection_state_t c = connected();
  declare(c, "story.default", false, amqp_empty_table);
  send_to(c, "story.default", "by its name");
  HOLD(c, "story.default", "by its name");
  disconnect(c);
}

void direct(void) {
  amqp_connection_state_t c = connected();
  declare_exchange(c, "story.direct", "direct", amqp_empty_table);
  bound(c, "story.direct.red", "story.direct", "red", amqp_empty_table);
  bound(c, "story.direct.blue", "story.direct", "blue", amqp_empty_table);
  HOLDS(publish(c, "story.direct", "red", "r", NULL));
  HOLDS(publish(c, "story.direct", "blue", "b", NULL));
  HOLDS(publish(c, "story.direct", "green", "g", NULL));
  HOLD(c, "story.direct.red", "r");
  HOLD(c, "story.direct.blue", "b");
  delete_exchange(c, "story.direct");
  disconnect(c);
}

void fanout(void) {
  amqp_connection_state_t c = connected();
  declare_exchange(c, "story.fanout", "fanout", amqp_empty_table);
  bound(c, "story.fanout.one", "story.fanout", "", amqp_empty_table);
  bound(c, "story.fanout.two", "story.fanout", "ignored", amqp_empty_table);
  HOLDS(publish(c, "story.fanout", "any", "to all", NULL));
  HOLD(c, "story.fanout.one", "to all");
  HOLD(c, "story.fanout.two", "to all");
  delete_exchange(c, "story.fanout");
  disconnect(c);
}

void topic(void) {
  amqp_connection_state_t c = connected();
  const char *keys[] = {"a", "a.b.c", "a.b.d.c", "b"};
  declare_exchange(c, "story.topic", "topic", amqp_empty_table);
  bound(c, "story.topic.star", "story.topic", "a.*.c", amqp_empty_table);
  bound(c, "story.topic.hash", "story.topic", "a.#", amqp_empty_table);
  for (int number = 0; number < 4; number++) HOLDS(publish(c, "story.topic", keys[number], keys[number], NULL));
  HOLD(c, "story.topic.star", "a.b.c");
  HOLD(c, "story.topic.hash", "a", "a.b.c", "a.b.d.c");
  delete_exchange(c, "story.topic");
  disconnect(c);
}

void headers(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t all[] = {UTF8("x-match", "all"), UTF8("colour", "red"), INT("size", 3)};
  amqp_table_entry_t any[] = {UTF8("x-match", "any"), UTF8("colour", "red"), INT("size", 3)};
  amqp_table_entry_t with_x[] = {UTF8("x-match", "any-with-x"), UTF8("x-colour", "red"), INT("size", 4)};
  amqp_table_entry_t both[] = {UTF8("colour", "red"), INT("size", 3)}, one[] = {UTF8("colour", "red")};
  amqp_table_entry_t none[] = {UTF8("colour", "blue")}, x[] = {UTF8("x-colour", "red")};
  const struct { const char *body; amqp_table_t table; } sent[] = {
      {"both", TABLE(both)}, {"one", TABLE(one)}, {"none", TABLE(none)}, {"x", TABLE(x)}};
  declare_exchange(c, "story.headers", "headers", amqp_empty_table);
  bound(c, "story.headers.all", "story.headers", "", TABLE(all));
  bound(c, "story.headers.any", "story.headers", "", TABLE(any));
  bound(c, "story.headers.with-x", "story.headers", "", TABLE(with_x));
  for (int number = 0; number < 4; number++) {
    amqp_basic_properties_t p = {._flags = AMQP_BASIC_HEADERS_FLAG, .headers = sent[number].table};
    HOLDS(publish(c, "story.headers", "", sent[number].body, &p));
  }
  HOLD(c, "story.headers.all", "both");
  HOLD(c, "story.headers.any", "both", "one");
  HOLD(c, "story.headers.with-x", "x");
  delete_exchange(c, "story.headers");
  disconnect(c);
}

void exchange_to_exchange(void) {
  amqp_connection_state_t c = connected();
  declare_exchange(c, "story.e2e", "fanout", amqp_empty_table);
  declare_exchange(c, "story.e2e.source", "topic", amqp_empty_table);
  bound(c, "story.e2e.end", "story.e2e", "", amqp_empty_table);
  amqp_exchange_bind(c, 1, BYTES("story.e2e"), BYTES("story.e2e.source"), BYTES("go.#"), amqp_empty_table);
  well(c);
  HOLDS(publish(c, "story.e2e.source", "go.on", "through two", NULL));
  HOLDS(publish(c, "story.e2e.source", "stay", "nowhere", NULL));
  amqp_exchange_unbind(c, 1, BYTES("story.e2e"), BYTES("story.e2e.source"), BYTES("go.#"), amqp_empty_table);
  well(c);
  HOLDS(publish(c, "story.e2e.source", "go.on", "unbound", NULL));
  HOLD(c, "story.e2e.end", "through two");
  delete_exchange(c, "story.e2e.source");
  delete_exchange(c, "story.e2e");
  disconnect(c);
}

void alternate_exchange(void) {
  amqp_connection_state_t c = connected();
  amqp_table_entry_t arguments[] = {UTF8("alternate-exchange", "story.alternate")};
  declare_exchange(c, "story.alternate", "fanout", amqp_empty_table);
  declare_exchange(c, "story.alternate.first", "direct", TABLE(arguments));
  bound(c, "story.alternate.rest", "story.alternate", "", amqp_empty_table);
  HOLDS(publish(c, "story.alternate.first", "unknown", "caught", NULL));
  HOLD(c, "story.alternate.rest", "caught");
  delete_exchange(c, "story.alternate.first");
  delete_exchange(c, "story.alternate");
  disconnect(c);
}
