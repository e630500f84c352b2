//===- SpaceOnce.h - schedules of kernels that overwrite what they read ---------------------------------------------===//
//
// In: the nest of a kernel whose result lies on one of its operands. Out: a schedule whose tiles never shift over what another one covers,
// and that asks early for what only the end of a sum reads.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_SPACEONCE_H
#define KILN_SCHEDULE_SPACEONCE_H
#include "compiler/schedule/Space.h"

namespace kiln::schedule {
/// Each element of the result is computed and stored once.
bool visitsOnce(const Nest &nest, const Schedule &schedule);
/// defaults(), or near them and visiting once, where that costs less than a copy afterwards.
Schedule defaultsOnce(const Nest &nest, const Machine &machine);
} // namespace kiln::schedule
#endif
