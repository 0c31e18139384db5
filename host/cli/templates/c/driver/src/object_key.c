#include "object_key.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char HEX[] = "0123456789abcdef";
static const char ESCAPE[] = "0123456789ABCDEF";

/* Bytes that are the same in the keys of every store. */
static bool is_bare(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != 0 && strchr("!-_.*'()", byte) != NULL);
}

char *object_key(const uint8_t *namespace, size_t length, const uint8_t digest[DIGEST_SIZE]) {
    static const char start[] = "v0/", named[] = "ns/", hashed[] = "d/sha256/";
    char *key = malloc(sizeof start + sizeof named + 3 * length + 1 + sizeof hashed + 2 * DIGEST_SIZE);
    if (key == NULL)
        return NULL;
    char *at = stpcpy(key, start);
    if (length > 0) {
        at = stpcpy(at, named);
        /* Clients on the way would resolve `.` and `..` as paths. */
        bool dots = (length == 1 && namespace[0] == '.') ||
                    (length == 2 && namespace[0] == '.' && namespace[1] == '.');
        for (size_t byte = 0; byte < length; byte++) {
            if (is_bare(namespace[byte]) && !dots) {
                *at++ = (char)namespace[byte];
            } else {
                *at++ = '%';
                *at++ = ESCAPE[namespace[byte] >> 4];
                *at++ = ESCAPE[namespace[byte] & 15];
            }
        }
        *at++ = '/';
    }
    at = stpcpy(at, hashed);
    for (size_t byte = 0; byte < DIGEST_SIZE; byte++) {
        *at++ = HEX[digest[byte] >> 4];
        *at++ = HEX[digest[byte] & 15];
    }
    *at = 0;
    return key;
}
