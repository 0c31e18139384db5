/* Headers of LZ4 frames, written from the description of the format:
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
#include "frame.h"

#include "xxh32.h"

#define MAGIC 0x184D2204u
/* Version 1, independent blocks, size of the content, checksum of the content. */
#define FLAGS 0x6C
/* Blocks of at most 64 KiB. */
#define BLOCKS 0x40

void put32(uint8_t *at, uint32_t value) {
    for (int byte = 0; byte < 4; byte++)
        at[byte] = (uint8_t)(value >> 8 * byte);
}

uint32_t get32(const uint8_t *at) {
    uint32_t value = 0;
    for (int byte = 0; byte < 4; byte++)
        value |= (uint32_t)at[byte] << 8 * byte;
    return value;
}

/* The second byte of the checksum over flags and size. */
static uint8_t check(const uint8_t header[HEADER_SIZE]) {
    return (uint8_t)(xxh32(header + 4, HEADER_SIZE - 5) >> 8);
}

void frame_write_header(uint8_t header[HEADER_SIZE], uint64_t content) {
    put32(header, MAGIC);
    header[4] = FLAGS;
    header[5] = BLOCKS;
    put32(header + 6, (uint32_t)content);
    put32(header + 10, (uint32_t)(content >> 32));
    header[14] = check(header);
}

int frame_read_header(const uint8_t header[HEADER_SIZE], uint64_t *content) {
    *content = (uint64_t)get32(header + 6) | (uint64_t)get32(header + 10) << 32;
    return get32(header) == MAGIC && header[4] == FLAGS && header[5] == BLOCKS &&
           header[14] == check(header);
}
