/* Metadata of a sealed payload. It needs no host, so the tests run it as it is. */
#ifndef LABEL_H
#define LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* It is written into every payload, and a history keeps it for years. Never reuse it for other bytes. */
#define ENCODING "binary/{{name}}"

/* Metadata that names the key which opens a payload. It stands in the clear. */
#define KEY "{{name}}-key"

/* Returns whether these bytes can be the id of a key: text of the contract is UTF-8, and what is not
 * would end the instance. Ids of this plugin's keys are printable ASCII. */
bool is_key_id(const uint8_t *bytes, size_t length);

#endif
