#pragma once
#include <zlib.h>

/// inflateInit2 is a macro. `windowBits`: 15 + 32 for gzip or zlib by header, -15 for raw deflate.
static inline int ascribe_inflate_init(z_stream *stream, int windowBits) {
  return inflateInit2(stream, windowBits);
}
