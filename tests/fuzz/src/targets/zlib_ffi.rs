//! zlib itself, in C.

use std::mem::{self, MaybeUninit};

use libz_sys::{
    Z_BUF_ERROR, Z_FINISH, Z_OK, Z_STREAM_END, inflate, inflateEnd, inflateInit2_, z_stream,
    zlibVersion,
};

/// Reads the zlib stream at the start of `input`.
pub(crate) const ZLIB: i32 = 15;

/// Reads the gzip member at the start of `input`.
pub(crate) const GZIP: i32 = 15 + 16;

/// Returns what one stream holds and how many bytes it has, if it is whole, good and holds at most
/// `most` bytes.
pub(crate) fn decompress(input: &[u8], window_bits: i32, most: usize) -> Option<(Vec<u8>, usize)> {
    let mut out = vec![0; most + 1];
    // SAFETY: zlib documents a stream of zeros as one before `inflateInit`; the pointers stay valid
    // for all of this function, and the lengths beside them are theirs.
    let (status, read, written) = unsafe {
        let mut stream: MaybeUninit<z_stream> = MaybeUninit::zeroed();
        let stream = stream.as_mut_ptr();
        (*stream).next_in = input.as_ptr().cast_mut();
        (*stream).avail_in = input.len() as u32;
        (*stream).next_out = out.as_mut_ptr();
        (*stream).avail_out = out.len() as u32;
        let size = mem::size_of::<z_stream>() as i32;
        assert_eq!(inflateInit2_(stream, window_bits, zlibVersion(), size), Z_OK);
        let status = inflate(stream, Z_FINISH);
        let counts = ((*stream).total_in as usize, (*stream).total_out as usize);
        inflateEnd(stream);
        (status, counts.0, counts.1)
    };
    assert!(status != Z_BUF_ERROR || written <= out.len());
    out.truncate(written);
    (status == Z_STREAM_END && written <= most).then_some((out, read))
}
