/* XXH32, the checksum of LZ4 frames, over pieces of any size. */
#ifndef XXH32_H
#define XXH32_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t lanes[4];
    uint64_t length;
    uint8_t pending[16];
    size_t pending_length;
} xxh32_t;

void xxh32_start(xxh32_t *state);
void xxh32_update(xxh32_t *state, const uint8_t *data, size_t length);
uint32_t xxh32_finish(const xxh32_t *state);

/* The checksum of one piece. */
uint32_t xxh32(const uint8_t *data, size_t length);

#endif
