/* In: SIGINT or SIGTERM. Out: a flag; the handler is gone after the first, so that a second one ends the process. */
#include "runtime/train/trainer.h"
#include <signal.h>

static volatile sig_atomic_t interrupted;

static void note(int number) {
  (void)number;
  interrupted = 1;
}

void kiln_interrupt_listen(void) {
  struct sigaction action = {.sa_handler = note, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool kiln_interrupted(void) { return interrupted; }
