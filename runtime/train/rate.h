/* rate.h: the learning rate of each update: a linear warm-up, then a schedule. */
#ifndef KILN_TRAIN_RATE_H
#define KILN_TRAIN_RATE_H
#include "runtime/train/error.h"
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef enum kiln_schedule {
  KILN_CONSTANT,
  KILN_STEP,        /* decay^(epoch / every), the division whole */
  KILN_EXPONENTIAL, /* decay^epoch */
  KILN_COSINE,      /* half a cosine from rate down to minimum at the last update */
  KILN_PLATEAU      /* times a factor that the trainer lowers */
} kiln_schedule;

typedef struct kiln_rate {
  kiln_schedule schedule;
  double rate, decay, minimum;
  int64_t every, warmup; /* epochs; updates */
  int64_t total, epoch;  /* updates in all, and in an epoch */
} kiln_rate;

/* `name` NULL is constant. */
bool kiln_schedule_find(kiln_schedule *schedule, const char *name, kiln_error *error);
/* Of the update after `done` others. `factor` is the plateau's. */
double kiln_rate_at(const kiln_rate *rate, int64_t done, double factor);

#ifdef __cplusplus
}
#endif
#endif
