/* LZ4 blocks, written from the description of the format:
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
#include "block.h"

#include <string.h>

#define LEAST_MATCH 4
/* The format's rules for the end: the last 5 bytes are literals, and no match begins in the last 12. */
#define LAST_LITERALS 5
#define MATCH_LIMIT 12
#define HASH_BITS 12

static uint32_t read32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t hash(uint32_t value) {
    return value * 2654435761u >> (32 - HASH_BITS);
}

/* A place to write to, and how much room is left there. */
typedef struct {
    uint8_t *at;
    size_t room;
} output_t;

static int put(output_t *output, uint8_t byte) {
    if (output->room == 0)
        return 0;
    *output->at++ = byte;
    output->room--;
    return 1;
}

/* The part of a length that does not fit into four bits. */
static int put_length(output_t *output, size_t length) {
    for (; length >= 255; length -= 255)
        if (!put(output, 255))
            return 0;
    return put(output, (uint8_t)length);
}

/* Literals, and a match behind them unless `match` is 0. */
static int put_sequence(output_t *output, const uint8_t *literals, size_t count, size_t match,
                        size_t offset) {
    size_t extra = match == 0 ? 0 : match - LEAST_MATCH;
    uint8_t token = (uint8_t)((count < 15 ? count : 15) << 4 | (extra < 15 ? extra : 15));
    if (!put(output, token) || (count >= 15 && !put_length(output, count - 15)))
        return 0;
    if (output->room < count)
        return 0;
    memcpy(output->at, literals, count);
    output->at += count;
    output->room -= count;
    if (match == 0)
        return 1;
    return put(output, (uint8_t)offset) && put(output, (uint8_t)(offset >> 8)) &&
           (extra < 15 || put_length(output, extra - 15));
}

size_t block_compress(const uint8_t *input, size_t length, uint8_t *output) {
    /* Where four bytes with a hash were seen last, plus one. */
    static uint32_t seen[1 << HASH_BITS];
    memset(seen, 0, sizeof seen);
    /* One byte less than the input: what is no smaller is of no use. */
    output_t out = {output, length > 0 ? length - 1 : 0};
    size_t at = 0, literals = 0;
    while (length >= MATCH_LIMIT + 1 && at < length - MATCH_LIMIT) {
        uint32_t *slot = &seen[hash(read32(input + at))];
        size_t before = *slot;
        *slot = (uint32_t)at + 1;
        if (before == 0 || at - (before - 1) > 65535 ||
            read32(input + before - 1) != read32(input + at)) {
            at++;
            continue;
        }
        size_t from = before - 1, match = LEAST_MATCH;
        while (at + match < length - LAST_LITERALS && input[from + match] == input[at + match])
            match++;
        if (!put_sequence(&out, input + literals, at - literals, match, at - from))
            return 0;
        at += match;
        literals = at;
    }
    if (!put_sequence(&out, input + literals, length - literals, 0, 0))
        return 0;
    return (size_t)(out.at - output);
}

/* Adds the bytes that follow a length of 15. Returns 0 at the end of the input, and for a length that no
 * block can have. */
static int take_length(const uint8_t **at, const uint8_t *end, size_t *length) {
    uint8_t byte;
    do {
        if (*at == end || *length > BLOCK_SIZE)
            return 0;
        byte = *(*at)++;
        *length += byte;
    } while (byte == 255);
    return 1;
}

long block_restore(const uint8_t *input, size_t length, uint8_t *output, size_t room) {
    const uint8_t *at = input, *end = input + length;
    size_t written = 0;
    while (at < end) {
        uint8_t token = *at++;
        size_t count = token >> 4;
        if (count == 15 && !take_length(&at, end, &count))
            return -1;
        if (count > (size_t)(end - at) || count > room - written)
            return -1;
        memcpy(output + written, at, count);
        at += count;
        written += count;
        if (at == end)
            return (long)written;
        if (end - at < 2)
            return -1;
        size_t offset = (size_t)at[0] | (size_t)at[1] << 8, match = token & 15;
        at += 2;
        if (match == 15 && !take_length(&at, end, &match))
            return -1;
        match += LEAST_MATCH;
        if (offset == 0 || offset > written || match > room - written)
            return -1;
        /* Byte by byte: a match may overlap what it writes. */
        for (; match > 0; match--, written++)
            output[written] = output[written - offset];
    }
    /* A block ends with literals. */
    return -1;
}
