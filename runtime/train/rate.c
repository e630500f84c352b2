/* In: how many updates are done. Out: the next one's rate. Epochs count from the end of the warm-up. */
#include "runtime/train/rate.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

bool kiln_schedule_find(kiln_schedule *schedule, const char *name, kiln_error *error) {
  static const char *const names[] = {"constant", "step", "exponential", "cosine", "plateau"};
  *schedule = KILN_CONSTANT;
  for (size_t i = 0; name && i < sizeof names / sizeof *names; ++i)
    if (strcmp(name, names[i]) == 0) {
      *schedule = (kiln_schedule)i;
      return true;
    }
  return name == NULL ||
         kiln_error_set(error, "schedule: expected constant, step, exponential, cosine or plateau, found '%s'", name);
}

double kiln_rate_at(const kiln_rate *rate, int64_t done, double factor) {
  const double pi = 3.14159265358979323846;
  if (done < rate->warmup)
    return rate->rate * (double)(done + 1) / (double)rate->warmup;
  int64_t since = done - rate->warmup, length = rate->total - rate->warmup;
  int64_t epoch = rate->epoch > 0 ? since / rate->epoch : 0, periods = epoch / rate->every;
  double value = rate->rate;
  switch (rate->schedule) {
  case KILN_STEP:
    value *= pow(rate->decay, (double)periods);
    break;
  case KILN_EXPONENTIAL:
    value *= pow(rate->decay, (double)epoch);
    break;
  case KILN_COSINE: {
    double part = length > 1 ? (double)since / (double)(length - 1) : 1;
    value = rate->minimum + (rate->rate - rate->minimum) * (1 + cos(pi * (part < 1 ? part : 1))) / 2;
    break;
  }
  case KILN_PLATEAU:
    value *= factor;
    break;
  default:
    break;
  }
  return value < rate->minimum ? rate->minimum : value;
}
