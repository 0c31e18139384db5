/* A codec that compresses payloads to LZ4 frames: what the host calls. */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "frame.h"
#include "plugin.h"
#include "xxh32.h"

#define ENCODING "binary/lz4"

static bool fail(types_error_t *err, uint8_t tag, const char *text) {
    err->tag = tag;
    plugin_string_dup(&err->val.other, text);
    return false;
}

static void write_bytes(buffers_own_writer_t writer, const uint8_t *bytes, size_t length) {
    plugin_list_u8_t list = {(uint8_t *)bytes, length};
    buffers_method_writer_write(buffers_borrow_writer(writer), &list);
}

static void write_number(buffers_own_writer_t writer, uint32_t number) {
    uint8_t bytes[4];
    put32(bytes, number);
    write_bytes(writer, bytes, sizeof bytes);
}

static buffers_own_buffer_t compress(buffers_borrow_buffer_t input) {
    static uint8_t block[BLOCK_SIZE];
    uint8_t header[HEADER_SIZE];
    uint64_t length = buffers_method_buffer_length(input);
    buffers_own_writer_t writer = buffers_constructor_writer();
    frame_write_header(header, length);
    write_bytes(writer, header, sizeof header);
    xxh32_t checksum;
    xxh32_start(&checksum);
    for (uint64_t at = 0; at < length; at += BLOCK_SIZE) {
        plugin_list_u8_t piece;
        buffers_method_buffer_read(input, at, BLOCK_SIZE, &piece);
        xxh32_update(&checksum, piece.ptr, piece.len);
        size_t size = block_compress(piece.ptr, piece.len, block);
        /* A block that is no smaller is stored as it is. */
        write_number(writer, size > 0 ? (uint32_t)size : (uint32_t)piece.len | BLOCK_STORED);
        write_bytes(writer, size > 0 ? block : piece.ptr, size > 0 ? size : piece.len);
        plugin_list_u8_free(&piece);
    }
    write_number(writer, 0);
    write_number(writer, xxh32_finish(&checksum));
    return buffers_static_writer_finish(writer);
}

/* Reads `length` bytes into `output`. Returns false at the end of the input. */
static bool read_exact(buffers_borrow_buffer_t input, uint64_t *at, uint8_t *output, uint32_t length) {
    plugin_list_u8_t piece;
    buffers_method_buffer_read(input, *at, length, &piece);
    bool whole = piece.len == length;
    if (whole && length > 0)
        memcpy(output, piece.ptr, length);
    *at += piece.len;
    plugin_list_u8_free(&piece);
    return whole;
}

/* Restores a frame piece by piece into `writer`. Returns false if it is none of this codec's, or was
 * changed. */
static bool restore(buffers_borrow_buffer_t input, buffers_own_writer_t writer) {
    static uint8_t block[BLOCK_SIZE], content[BLOCK_SIZE];
    uint8_t header[HEADER_SIZE], number[4];
    uint64_t at = 0, expected, written = 0;
    if (!read_exact(input, &at, header, HEADER_SIZE) || !frame_read_header(header, &expected))
        return false;
    xxh32_t checksum;
    xxh32_start(&checksum);
    for (;;) {
        if (!read_exact(input, &at, number, sizeof number))
            return false;
        uint32_t size = get32(number);
        if (size == 0)
            break;
        bool stored = (size & BLOCK_STORED) != 0;
        size &= ~BLOCK_STORED;
        if (size > BLOCK_SIZE || !read_exact(input, &at, block, size))
            return false;
        long length = stored ? (long)size : block_restore(block, size, content, BLOCK_SIZE);
        if (length < 0)
            return false;
        const uint8_t *restored = stored ? block : content;
        xxh32_update(&checksum, restored, (size_t)length);
        write_bytes(writer, restored, (size_t)length);
        written += (uint64_t)length;
    }
    return read_exact(input, &at, number, sizeof number) && get32(number) == xxh32_finish(&checksum) &&
           written == expected && at == buffers_method_buffer_length(input);
}

bool exports_codec_describe(exports_codec_description_t *ret, exports_codec_error_t *err) {
    plugin_list_string_t names;
    settings_names(&names);
    size_t count = names.len;
    plugin_list_string_free(&names);
    if (count > 0)
        return fail(err, TYPES_ERROR_MISCONFIGURED, "there are no settings");
    ret->encodings.ptr = malloc(sizeof *ret->encodings.ptr);
    ret->encodings.len = 1;
    plugin_string_dup(ret->encodings.ptr, ENCODING);
    ret->purpose = EXPORTS_CODEC_PURPOSE_COMPRESSION;
    return true;
}

bool exports_codec_encode(exports_codec_borrow_context_t ctx, exports_codec_borrow_payload_t payload,
                          exports_codec_option_own_payload_t *ret, exports_codec_error_t *err) {
    (void)ctx, (void)err;
    buffers_own_buffer_t envelope = types_method_payload_envelope(payload);
    buffers_own_buffer_t body = compress(buffers_borrow_buffer(envelope));
    plugin_tuple2_string_list_u8_t encoding = {
        {(uint8_t *)"encoding", strlen("encoding")},
        {(uint8_t *)ENCODING, strlen(ENCODING)},
    };
    types_metadata_t metadata = {&encoding, 1};
    ret->is_some = true;
    ret->val = types_constructor_payload(&metadata, buffers_borrow_buffer(body));
    buffers_buffer_drop_own(body);
    buffers_buffer_drop_own(envelope);
    return true;
}

bool exports_codec_decode(exports_codec_borrow_context_t ctx, exports_codec_borrow_payload_t payload,
                          exports_codec_own_payload_t *ret, exports_codec_error_t *err) {
    (void)ctx;
    buffers_own_buffer_t data = types_method_payload_data(payload);
    buffers_own_writer_t writer = buffers_constructor_writer();
    bool whole = restore(buffers_borrow_buffer(data), writer);
    buffers_own_buffer_t envelope = buffers_static_writer_finish(writer);
    bool done = whole ? types_static_payload_from_envelope(buffers_borrow_buffer(envelope), ret, err)
                      : fail(err, TYPES_ERROR_MALFORMED, "not an LZ4 frame of this codec, or changed");
    buffers_buffer_drop_own(envelope);
    buffers_buffer_drop_own(data);
    return done;
}
