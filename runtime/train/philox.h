/* philox.h: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"): four random words for every counter, with no
 * state. The same function stands behind kiln.random, so that one seed gives the same bits everywhere. */
#ifndef KILN_TRAIN_PHILOX_H
#define KILN_TRAIN_PHILOX_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

void kiln_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* What kiln.random gives element `index` of a stream: uniform in [0, 1), 24 bits. */
float kiln_uniform(uint64_t seed, uint64_t step, uint32_t stream, uint64_t index);

#ifdef __cplusplus
}
#endif
#endif
