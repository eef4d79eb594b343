/* Tells a story to its runner: one line a happening on standard output, ten seconds for every step. */
#ifndef STORY_TELLER_H
#define STORY_TELLER_H

struct step {
  const char *name;
  void (*tell)(void);
};

/* The broker's URL. */
extern const char *story_url;

/* Run the steps in their order, up to the one without a name. */
void tell(const struct step *steps);

/* End the step, which has failed. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the client showed its user. */
void saw(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ask for a new broker; return once it listens. */
void broker_restarted(void);

#define HOLDS(condition) \
  do { \
    if (!(condition)) fail("not so: %s (%s:%d)", #condition, __FILE_NAME__, __LINE__); \
  } while (0)

#endif
