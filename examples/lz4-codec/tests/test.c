#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "xxh32.h"

static int failed = 0;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);            \
            failed = 1;                                                        \
        }                                                                      \
    } while (0)

static uint8_t input[BLOCK_SIZE], block[BLOCK_SIZE], output[BLOCK_SIZE];

static void round_trip(size_t length) {
    size_t size = block_compress(input, length, block);
    if (size == 0)
        return;
    CHECK(size < length);
    CHECK(block_restore(block, size, output, BLOCK_SIZE) == (long)length);
    CHECK(memcmp(input, output, length) == 0);
    /* Too little room, and every truncation: refused, or fewer bytes, and never outside. */
    CHECK(block_restore(block, size, output, length - 1) == -1);
    for (size_t cut = 0; cut < size; cut += 1 + size / 50)
        CHECK(block_restore(block, cut, output, BLOCK_SIZE) < (long)length);
}

int main(void) {
    /* From the specification of XXH32, and its longer samples. */
    CHECK(xxh32((const uint8_t *)"", 0) == 0x02CC5D05u);
    CHECK(xxh32((const uint8_t *)"abc", 3) == 0x32D153FFu);

    for (size_t length = 0; length <= BLOCK_SIZE; length += 1 + length / 3) {
        memset(input, 'a', sizeof input);
        round_trip(length);
        for (size_t at = 0; at < length; at++)
            input[at] = (uint8_t)("the coat of the coat check "[at % 27] + (at % 977 == 0));
        round_trip(length);
        for (size_t at = 0; at < length; at++)
            input[at] = (uint8_t)rand();
        round_trip(length);
    }
    /* Bytes that are no block. */
    for (int round = 0; round < 20000; round++) {
        size_t length = (size_t)rand() % 64;
        for (size_t at = 0; at < length; at++)
            block[at] = (uint8_t)rand();
        CHECK(block_restore(block, length, output, 256) <= 256);
    }
    return failed;
}
