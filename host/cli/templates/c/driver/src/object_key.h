/* Keys of objects. They need no host, so the tests run them as they are. */
#ifndef OBJECT_KEY_H
#define OBJECT_KEY_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32

/* Returns the key of an object, which the caller frees, or NULL if memory is short. Operators grant and
 * expire objects by the namespace in it. `namespace` need not end with a zero byte. */
char *object_key(const uint8_t *namespace, size_t length, const uint8_t digest[DIGEST_SIZE]);

#endif
