/* The transformation. It needs no host, so the tests run it as it is. Replace it with your own. */
#ifndef REVERSE_H
#define REVERSE_H

#include <stddef.h>
#include <stdint.h>

/* Turns a piece of a body round, in place. */
void reverse(uint8_t *piece, size_t length);

#endif
