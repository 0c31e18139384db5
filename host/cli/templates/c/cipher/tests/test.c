#include <stdio.h>
#include <string.h>

#include "label.h"

static int failed = 0;

static void check(const char *bytes, bool expect) {
    if (is_key_id((const uint8_t *)bytes, strlen(bytes)) != expect) {
        fprintf(stderr, "`%s` is %sa key's id\n", bytes, expect ? "not " : "");
        failed = 1;
    }
}

int main(void) {
    check("2026-11", true);
    check("", false);
    check("\xff", false);
    check("two\nlines", false);
    return failed;
}
