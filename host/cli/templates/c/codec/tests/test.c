#include <stdio.h>
#include <string.h>

#include "reverse.h"

static int failed = 0;

static void check(const char *text, const char *expect) {
    char piece[16];
    size_t length = strlen(text);
    memcpy(piece, text, length);
    reverse((uint8_t *)piece, length);
    if (memcmp(piece, expect, length) != 0) {
        fprintf(stderr, "`%s` became `%.*s`\n", text, (int)length, piece);
        failed = 1;
    }
}

int main(void) {
    check("", "");
    check("a", "a");
    check("coat", "taoc");
    check("coats", "staoc");
    return failed;
}
