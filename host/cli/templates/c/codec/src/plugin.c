/* A codec that writes payloads backwards: what the host calls. */
#include <stdlib.h>
#include <string.h>

#include "plugin.h"
#include "reverse.h"

/* It is written into every payload, and a history keeps it for years. Never reuse it for other bytes. */
#define ENCODING "binary/{{name}}"
#define PIECE 65536

/* An error that says who must act. A trap ends the instance, and nothing but its place is known. */
static bool fail(types_error_t *err, uint8_t tag, const char *text) {
    err->tag = tag;
    /* All errors hold one text. It is copied, because the bindings free it. */
    plugin_string_dup(&err->val.other, text);
    return false;
}

static bool is(plugin_string_t text, const char *expect) {
    return text.len == strlen(expect) && memcmp(text.ptr, expect, text.len) == 0;
}

/* Reads the setting `least`: the smallest envelope that is encoded. */
static bool read_least(uint64_t *least) {
    plugin_string_t name, value;
    *least = 0;
    plugin_string_set(&name, "least");
    if (!settings_get(&name, &value))
        return true;
    bool valid = value.len > 0 && value.len <= 18;
    for (size_t at = 0; valid && at < value.len; at++) {
        valid = value.ptr[at] >= '0' && value.ptr[at] <= '9';
        *least = *least * 10 + (value.ptr[at] - '0');
    }
    plugin_string_free(&value);
    return valid;
}

/* Reverses in pieces from the end, so that memory stays small whatever the payload's size. */
static buffers_own_buffer_t reversed(buffers_borrow_buffer_t buffer) {
    buffers_own_writer_t writer = buffers_constructor_writer();
    for (uint64_t end = buffers_method_buffer_length(buffer); end > 0;) {
        uint32_t size = end < PIECE ? (uint32_t)end : PIECE;
        plugin_list_u8_t piece;
        buffers_method_buffer_read(buffer, end - size, size, &piece);
        reverse(piece.ptr, piece.len);
        buffers_method_writer_write(buffers_borrow_writer(writer), &piece);
        plugin_list_u8_free(&piece);
        end -= size;
    }
    return buffers_static_writer_finish(writer);
}

bool exports_codec_describe(exports_codec_description_t *ret, exports_codec_error_t *err) {
    plugin_list_string_t names;
    settings_names(&names);
    bool known = true;
    for (size_t at = 0; at < names.len; at++)
        known = known && is(names.ptr[at], "least");
    plugin_list_string_free(&names);
    uint64_t least;
    if (!known)
        return fail(err, TYPES_ERROR_MISCONFIGURED, "the only setting is `least`");
    if (!read_least(&least))
        return fail(err, TYPES_ERROR_MISCONFIGURED, "setting `least` is not a whole number");
    ret->encodings.ptr = malloc(sizeof *ret->encodings.ptr);
    ret->encodings.len = 1;
    plugin_string_dup(ret->encodings.ptr, ENCODING);
    ret->purpose = EXPORTS_CODEC_PURPOSE_CONVERSION;
    return true;
}

bool exports_codec_encode(exports_codec_borrow_context_t ctx, exports_codec_borrow_payload_t payload,
                          exports_codec_option_own_payload_t *ret, exports_codec_error_t *err) {
    (void)ctx;
    uint64_t least;
    if (!read_least(&least))
        return fail(err, TYPES_ERROR_MISCONFIGURED, "setting `least` is not a whole number");
    buffers_own_buffer_t envelope = types_method_payload_envelope(payload);
    /* None leaves a payload as it is. */
    ret->is_some = buffers_method_buffer_length(buffers_borrow_buffer(envelope)) >= least;
    if (ret->is_some) {
        buffers_own_buffer_t body = reversed(buffers_borrow_buffer(envelope));
        plugin_tuple2_string_list_u8_t encoding = {
            {(uint8_t *)"encoding", strlen("encoding")},
            {(uint8_t *)ENCODING, strlen(ENCODING)},
        };
        types_metadata_t metadata = {&encoding, 1};
        ret->val = types_constructor_payload(&metadata, buffers_borrow_buffer(body));
        buffers_buffer_drop_own(body);
    }
    buffers_buffer_drop_own(envelope);
    return true;
}

bool exports_codec_decode(exports_codec_borrow_context_t ctx, exports_codec_borrow_payload_t payload,
                          exports_codec_own_payload_t *ret, exports_codec_error_t *err) {
    (void)ctx;
    buffers_own_buffer_t data = types_method_payload_data(payload);
    buffers_own_buffer_t envelope = reversed(buffers_borrow_buffer(data));
    bool done = types_static_payload_from_envelope(buffers_borrow_buffer(envelope), ret, err);
    buffers_buffer_drop_own(envelope);
    buffers_buffer_drop_own(data);
    return done;
}
