/* XXH32 with seed 0, written from its specification:
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
#include "xxh32.h"

#include <string.h>

static const uint32_t P1 = 0x9E3779B1u, P2 = 0x85EBCA77u, P3 = 0xC2B2AE3Du, P4 = 0x27D4EB2Fu,
                      P5 = 0x165667B1u;

static uint32_t rotate(uint32_t value, int bits) {
    return (value << bits) | (value >> (32 - bits));
}

static uint32_t read32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void consume_stripe(xxh32_t *state, const uint8_t *stripe) {
    for (int lane = 0; lane < 4; lane++) {
        uint32_t sum = state->lanes[lane] + read32(stripe + 4 * lane) * P2;
        state->lanes[lane] = rotate(sum, 13) * P1;
    }
}

void xxh32_start(xxh32_t *state) {
    memset(state, 0, sizeof *state);
    state->lanes[0] = P1 + P2;
    state->lanes[1] = P2;
    state->lanes[2] = 0;
    state->lanes[3] = 0u - P1;
}

void xxh32_update(xxh32_t *state, const uint8_t *data, size_t length) {
    state->length += length;
    if (state->pending_length > 0) {
        size_t room = 16 - state->pending_length;
        size_t taken = length < room ? length : room;
        memcpy(state->pending + state->pending_length, data, taken);
        state->pending_length += taken;
        data += taken;
        length -= taken;
        if (state->pending_length < 16)
            return;
        consume_stripe(state, state->pending);
        state->pending_length = 0;
    }
    for (; length >= 16; data += 16, length -= 16)
        consume_stripe(state, data);
    if (length > 0)
        memcpy(state->pending, data, length);
    state->pending_length = length;
}

uint32_t xxh32_finish(const xxh32_t *state) {
    uint32_t hash = P5;
    if (state->length >= 16)
        hash = rotate(state->lanes[0], 1) + rotate(state->lanes[1], 7) +
               rotate(state->lanes[2], 12) + rotate(state->lanes[3], 18);
    hash += (uint32_t)state->length;
    const uint8_t *at = state->pending, *end = at + state->pending_length;
    for (; end - at >= 4; at += 4)
        hash = rotate(hash + read32(at) * P3, 17) * P4;
    for (; at < end; at++)
        hash = rotate(hash + *at * P5, 11) * P1;
    hash = (hash ^ hash >> 15) * P2;
    hash = (hash ^ hash >> 13) * P3;
    return hash ^ hash >> 16;
}

uint32_t xxh32(const uint8_t *data, size_t length) {
    xxh32_t state;
    xxh32_start(&state);
    xxh32_update(&state, data, length);
    return xxh32_finish(&state);
}
