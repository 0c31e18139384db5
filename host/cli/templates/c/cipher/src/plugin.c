/* A codec that has the host encrypt payloads. It never sees a key. */
#include <stdlib.h>
#include <string.h>

#include "label.h"
#include "plugin.h"

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

/* Reads the setting `ring`: the ring of keys that the operator granted. The caller frees it. */
static bool read_ring(plugin_string_t *ring) {
    plugin_string_t name;
    plugin_string_set(&name, "ring");
    return settings_get(&name, ring);
}

/* The bytes that a payload is bound to, besides its key. */
static plugin_list_u8_t associated(void) {
    return (plugin_list_u8_t){(uint8_t *)ENCODING, strlen(ENCODING)};
}

bool exports_codec_describe(exports_codec_description_t *ret, exports_codec_error_t *err) {
    plugin_list_string_t names;
    settings_names(&names);
    bool known = names.len == 1 && is(names.ptr[0], "ring");
    plugin_list_string_free(&names);
    if (!known)
        return fail(err, TYPES_ERROR_MISCONFIGURED,
                    "the only setting is `ring`, the name of a granted ring, and it is needed");
    ret->encodings.ptr = malloc(sizeof *ret->encodings.ptr);
    ret->encodings.len = 1;
    plugin_string_dup(ret->encodings.ptr, ENCODING);
    ret->purpose = EXPORTS_CODEC_PURPOSE_ENCRYPTION;
    return true;
}

bool exports_codec_encode(exports_codec_borrow_context_t ctx, exports_codec_borrow_payload_t payload,
                          exports_codec_option_own_payload_t *ret, exports_codec_error_t *err) {
    (void)ctx;
    plugin_string_t ring;
    if (!read_ring(&ring))
        return fail(err, TYPES_ERROR_MISCONFIGURED, "setting `ring` is needed");
    buffers_own_buffer_t envelope = types_method_payload_envelope(payload);
    plugin_list_u8_t bound = associated();
    keys_sealed_t sealed;
    /* The host draws fresh randomness for each call, so equal payloads give different bytes. */
    bool done = keys_seal(&ring, buffers_borrow_buffer(envelope), &bound, &sealed, err);
    if (done) {
        plugin_tuple2_string_list_u8_t entries[] = {
            {{(uint8_t *)"encoding", strlen("encoding")}, {(uint8_t *)ENCODING, strlen(ENCODING)}},
            {{(uint8_t *)KEY, strlen(KEY)}, {sealed.key.ptr, sealed.key.len}},
        };
        types_metadata_t metadata = {entries, 2};
        ret->is_some = true;
        ret->val = types_constructor_payload(&metadata, buffers_borrow_buffer(sealed.data));
        plugin_string_free(&sealed.key);
        buffers_buffer_drop_own(sealed.data);
    }
    buffers_buffer_drop_own(envelope);
    plugin_string_free(&ring);
    return done;
}

bool exports_codec_decode(exports_codec_borrow_context_t ctx, exports_codec_borrow_payload_t payload,
                          exports_codec_own_payload_t *ret, exports_codec_error_t *err) {
    (void)ctx;
    plugin_string_t name, ring;
    plugin_list_u8_t id;
    plugin_string_set(&name, KEY);
    if (!types_method_payload_get(payload, &name, &id))
        return fail(err, TYPES_ERROR_MALFORMED, "metadata `" KEY "` is missing");
    if (!is_key_id(id.ptr, id.len)) {
        plugin_list_u8_free(&id);
        return fail(err, TYPES_ERROR_MALFORMED, "metadata `" KEY "` is not a key's id");
    }
    if (!read_ring(&ring)) {
        plugin_list_u8_free(&id);
        return fail(err, TYPES_ERROR_MISCONFIGURED, "setting `ring` is needed");
    }
    buffers_own_buffer_t data = types_method_payload_data(payload), envelope;
    plugin_string_t key = {id.ptr, id.len};
    plugin_list_u8_t bound = associated();
    /* The host refuses bytes that were changed, or sealed with other associated bytes. */
    bool done = keys_open(&ring, &key, buffers_borrow_buffer(data), &bound, &envelope, err);
    if (done) {
        done = types_static_payload_from_envelope(buffers_borrow_buffer(envelope), ret, err);
        buffers_buffer_drop_own(envelope);
    }
    buffers_buffer_drop_own(data);
    plugin_string_free(&ring);
    plugin_list_u8_free(&id);
    return done;
}
