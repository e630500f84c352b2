/* sha256.h: SHA-256 (FIPS 180-4) of bytes in memory, which ties a weights file to its model. */
#ifndef KILN_CORE_SHA256_H
#define KILN_CORE_SHA256_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

void kiln_sha256(const void *data, size_t bytes, uint8_t digest[32]);
/* The same without the processor's SHA instructions; a test compares the two. */
void kiln_sha256_portable(const void *data, size_t bytes, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif
#endif
