#include "label.h"

bool is_key_id(const uint8_t *bytes, size_t length) {
    for (size_t at = 0; at < length; at++)
        if (bytes[at] < 0x20 || bytes[at] > 0x7e)
            return false;
    return length > 0;
}
