/* Each step is left by longjmp when it fails, so what it holds then (a connection at most) is left to the end. */
#include "teller.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP_LIMIT_S = 10, RESTART_LIMIT_S = 120, WORDS = 1024 };

const char *story_url;
static const char *current;
static sigjmp_buf step_end;
static char words[WORDS];
static const char *outcome;

static void say(const char *kind, const char *rest) {
  printf("%s %s %s\n", kind, current, rest);
  fflush(stdout);
}

static void time_is_over(int number) {
  (void)number;
  outcome = "failed";
  strcpy(words, "its time is over");
  siglongjmp(step_end, 1);
}

static void tell_step(void (*step)(void)) {
  if (sigsetjmp(step_end, 1) == 0) {
    alarm(strcmp(current, "restart") ? STEP_LIMIT_S : RESTART_LIMIT_S);
    step();
    outcome = "ok";
    words[0] = '\0';
  }
  alarm(0);
}

void tell(const struct step *steps) {
  signal(SIGALRM, time_is_over);
  for (; steps->name; steps++) {
    current = steps->name;
    tell_step(steps->tell);
    say(outcome, words);
  }
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  outcome = "failed";
  siglongjmp(step_end, 1);
}

void saw(const char *format, ...) {
  char text[WORDS];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  say("saw", text);
}

void broker_restarted(void) {
  char line[WORDS];
  puts("restart");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) fail("nobody restarts the broker");
}
