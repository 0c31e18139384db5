#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object_key.h"

static int failed = 0;

static void check(const char *namespace, const char *expect) {
    uint8_t digest[DIGEST_SIZE] = {0x0f};
    char *key = object_key((const uint8_t *)namespace, strlen(namespace), digest);
    if (key == NULL || strncmp(key, expect, strlen(expect)) != 0) {
        fprintf(stderr, "`%s` has the key %s\n", namespace, key);
        failed = 1;
    }
    free(key);
}

int main(void) {
    check("a/b \xc3\xbc~", "v0/ns/a%2Fb%20%C3%BC%7E/d/sha256/0f00");
    check("..", "v0/ns/%2E%2E/d/sha256/0f00");
    check("", "v0/d/sha256/0f00");
    return failed;
}
