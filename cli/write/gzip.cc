#include "cli/write/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "cli/model/error.h"

namespace track::write {
namespace {

constexpr int kGzip = 15 + 16;  // the largest window, and gzip's header instead of zlib's
constexpr int kMemory = 8;
constexpr size_t kPiece = size_t{1} << 20;  // of output

}  // namespace

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error("cannot compress: no memory");
  std::string result;
  // zlib's own counts are 32 bits wide.
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  size_t taken = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const size_t part = std::min(bytes.size() - taken, kMost);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + taken));
      stream.avail_in = static_cast<uInt>(part);
      taken += part;
    }
    const size_t before = result.size();
    result.resize(before + kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + before);
    stream.avail_out = static_cast<uInt>(kPiece);
    status = deflate(&stream, taken == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    result.resize(before + kPiece - stream.avail_out);
  }
  deflateEnd(&stream);
  return result;
}

}  // namespace track::write
