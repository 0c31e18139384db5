/* A driver that stores objects in a bucket. The bytes pass from the host to the store, and never through
 * the plugin. */
#include <stdlib.h>
#include <string.h>

#include "object_key.h"
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

/* Opens the bucket of the setting `bucket`: its name is the one that it was granted under. */
static bool open_bucket(blobs_own_bucket_t *bucket, types_error_t *err) {
    plugin_string_t setting, name;
    plugin_string_set(&setting, "bucket");
    if (!settings_get(&setting, &name))
        return fail(err, TYPES_ERROR_MISCONFIGURED, "setting `bucket` is needed");
    bool opened = blobs_open(&name, bucket, err);
    plugin_string_free(&name);
    return opened;
}

bool exports_driver_describe(exports_driver_description_t *ret, exports_driver_error_t *err) {
    plugin_list_string_t names;
    settings_names(&names);
    bool known = names.len == 1 && is(names.ptr[0], "bucket");
    plugin_list_string_free(&names);
    if (!known)
        return fail(err, TYPES_ERROR_MISCONFIGURED,
                    "the only setting is `bucket`, the name of a granted bucket, and it is needed");
    /* Buckets can be opened when the plugin is loaded, but neither read nor written. */
    blobs_own_bucket_t bucket;
    if (!open_bucket(&bucket, err))
        return false;
    blobs_bucket_drop_own(bucket);
    plugin_string_dup(&ret->kind, "{{name}}");
    return true;
}

bool exports_driver_store(exports_driver_borrow_context_t ctx, exports_driver_own_buffer_t object,
                          exports_driver_claim_t *ret, exports_driver_error_t *err) {
    blobs_own_bucket_t bucket;
    if (!open_bucket(&bucket, err)) {
        buffers_buffer_drop_own(object);
        return false;
    }
    plugin_string_t namespace = {NULL, 0};
    bool named = types_method_context_namespace(ctx, &namespace);
    plugin_list_u8_t digest;
    buffers_method_buffer_sha256(buffers_borrow_buffer(object), &digest);
    /* The same object has the same key, so a call that is repeated stores nothing twice. */
    char *text = object_key(namespace.ptr, named ? namespace.len : 0, digest.ptr);
    bool done = text != NULL || fail(err, TYPES_ERROR_OTHER, "no memory for a key");
    if (done) {
        plugin_string_t key;
        blobs_outcome_t outcome;
        plugin_string_set(&key, text);
        done = blobs_method_bucket_put(blobs_borrow_bucket(bucket), &key,
                                       buffers_borrow_buffer(object), BLOBS_MODE_CREATE, &outcome, err);
    }
    if (done) {
        ret->ptr = malloc(sizeof *ret->ptr);
        ret->len = 1;
        plugin_string_dup(&ret->ptr->f0, "key");
        plugin_string_dup(&ret->ptr->f1, text);
    }
    free(text);
    plugin_list_u8_free(&digest);
    if (named)
        plugin_string_free(&namespace);
    blobs_bucket_drop_own(bucket);
    buffers_buffer_drop_own(object);
    return done;
}

bool exports_driver_retrieve(exports_driver_borrow_context_t ctx, exports_driver_claim_t *claim,
                             exports_driver_own_buffer_t *ret, exports_driver_error_t *err) {
    (void)ctx;
    plugin_string_t *key = NULL;
    for (size_t at = 0; at < claim->len; at++)
        if (is(claim->ptr[at].f0, "key") && claim->ptr[at].f1.len > 0)
            key = &claim->ptr[at].f1;
    blobs_own_bucket_t bucket;
    bool done = key != NULL || fail(err, TYPES_ERROR_MALFORMED, "the claim has no `key`");
    if (done && (done = open_bucket(&bucket, err))) {
        /* The host holds the key against the grant, and checks size and digest of what comes back. */
        done = blobs_method_bucket_get(blobs_borrow_bucket(bucket), key, UINT64_MAX, ret, err);
        blobs_bucket_drop_own(bucket);
    }
    exports_driver_claim_free(claim);
    return done;
}
