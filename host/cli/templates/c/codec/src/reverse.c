#include "reverse.h"

void reverse(uint8_t *piece, size_t length) {
    for (size_t start = 0, end = length; start + 1 < end; start++) {
        uint8_t byte = piece[start];
        piece[start] = piece[--end];
        piece[end] = byte;
    }
}
