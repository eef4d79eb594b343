/* The steps that story.c puts in their order, by the file that tells them. */
#ifndef STORY_STEPS_H
#define STORY_STEPS_H

void default_exchange(void), direct(void), fanout(void), topic(void), headers(void); /* routing.c */
void exchange_to_exchange(void), alternate_exchange(void);
void properties(void), empty_and_large(void), confirms(void), returns(void), acks(void); /* messages.c */
void nack_requeue(void), reject(void), prefetch(void), get(void), cancel(void);
void priorities(void), dead_letter(void), message_ttl(void), max_length(void); /* queues.c */
void transactions(void), rpc(void), quorum(void);
void stream_first(void), stream_last(void), stream_next(void), stream_offset(void); /* streams.c */
void stream_timestamp(void), stream_interval(void);

#endif
