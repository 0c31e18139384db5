/* LZ4 frames: blocks with a header and a checksum, as the program `lz4` reads and writes them. */
#ifndef FRAME_H
#define FRAME_H

#include <stdint.h>

#include "block.h"

/* Magic number, two bytes of flags, size of the content, checksum of the header. */
#define HEADER_SIZE 15
/* Size of a block: its highest bit says that the block is stored as it is. */
#define BLOCK_STORED 0x80000000u

/* Writes the header of a frame: independent blocks of at most 64 KiB, with size and checksum of the
 * content. */
void frame_write_header(uint8_t header[HEADER_SIZE], uint64_t content);

/* Reads a header that `frame_write_header` wrote. Returns 0 if it is another, or was changed. */
int frame_read_header(const uint8_t header[HEADER_SIZE], uint64_t *content);

void put32(uint8_t *at, uint32_t value);
uint32_t get32(const uint8_t *at);

#endif
