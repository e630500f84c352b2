/* shuffle.h: the order of a data set's rows, a function of seed and round alone: a resumed run and any number of threads see the same. */
#ifndef KILN_TRAIN_SHUFFLE_H
#define KILN_TRAIN_SHUFFLE_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* What a permutation is for; each has random numbers of its own. */
enum { KILN_SHUFFLE_EPOCH = 0x65706f63, KILN_SHUFFLE_SPLIT = 0x73706c69 };

/* Permutes `rows` in place (Fisher-Yates, from the last place down, each drawn with 64 random bits). */
void kiln_shuffle(uint32_t *rows, uint32_t count, uint64_t seed, uint32_t purpose, uint32_t round);

#ifdef __cplusplus
}
#endif
#endif
