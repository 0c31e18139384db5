/* LZ4 blocks: one piece of data, compressed by itself. */
#ifndef BLOCK_H
#define BLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Largest block of this codec. Memory stays small whatever the payload's size. */
#define BLOCK_SIZE 65536

/* Compresses `length` bytes, at most BLOCK_SIZE, into `output` with room for `length` bytes. Returns the
 * size, or 0 if the block would be no smaller. */
size_t block_compress(const uint8_t *input, size_t length, uint8_t *output);

/* Restores a block into `output` with room for `room` bytes. Returns the size, or -1 if these bytes are
 * no block that fits. Reads and writes nothing outside of the two. */
long block_restore(const uint8_t *input, size_t length, uint8_t *output, size_t room);

#endif
