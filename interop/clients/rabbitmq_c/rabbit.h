/* What every step does with rabbitmq-c: a connection of its own, channels that are numbers, tables on the stack. */
#ifndef STORY_RABBIT_H
#define STORY_RABBIT_H

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdbool.h>

#define BYTES(text) amqp_cstring_bytes(text)
#define TABLE(entries) ((amqp_table_t){sizeof(entries) / sizeof *(entries), entries})
#define UTF8(name, text) {BYTES(name), {AMQP_FIELD_KIND_UTF8, {.bytes = BYTES(text)}}}
#define INT(name, number) {BYTES(name), {AMQP_FIELD_KIND_I32, {.i32 = number}}}

/* A connection that is logged in, with channel 1 open and in confirm mode. */
amqp_connection_state_t connected(void);
void disconnect(amqp_connection_state_t c);

/* Log in as told; the reply of the broker. The socket is in *c. */
amqp_rpc_reply_t login(amqp_connection_state_t *c, const char *vhost, const char *password);
void open_channel(amqp_connection_state_t c, amqp_channel_t channel);

/* Fail unless the last method was answered well. */
void well(amqp_connection_state_t c);
/* Assert that the last method closed its channel with this code; gives the broker's words, until the next call. */
const char *refused(amqp_connection_state_t c, amqp_channel_t channel, int code);

/* Gives the number of messages in the queue. Durable where asked, never auto-deleted. */
uint32_t declare(amqp_connection_state_t c, const char *queue, bool durable, amqp_table_t arguments);
uint32_t messages_in(amqp_connection_state_t c, const char *queue);
void delete_queue(amqp_connection_state_t c, const char *queue);

/* Publish and wait for the broker's word: whether it is an ack. */
bool publish(amqp_connection_state_t c, const char *exchange, const char *key, const char *body,
             const amqp_basic_properties_t *properties);
void send_to(amqp_connection_state_t c, const char *queue, const char *body);

void consume(amqp_connection_state_t c, const char *queue, bool no_ack, amqp_table_t arguments);
/* The next delivery, to be destroyed by amqp_destroy_envelope. */
amqp_envelope_t next(amqp_connection_state_t c);
/* Whether none comes in a tenth of a second. */
bool silent(amqp_connection_state_t c);

/* Take a message whose body has to be this one. */
void take(amqp_connection_state_t c, const char *queue, const char *body);
void is_empty(amqp_connection_state_t c, const char *queue);

bool same(amqp_bytes_t bytes, const char *text);
/* The value of a header, or NULL. */
const amqp_field_value_t *header(amqp_table_t table, const char *name);

#endif
