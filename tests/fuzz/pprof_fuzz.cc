// Files of pprof's, ours or another tool's, packed or not: what `track diff A B` reads.
#include <zlib.h>

#include <cstdlib>

#include "cli/model/profile_sum.h"
#include "cli/read/pprof.h"
#include "cli/write/folded.h"
#include "cli/write/legacy_profile.h"
#include "cli/write/pprof.h"
#include "cli/write/profile_text.h"
#include "cli/write/speedscope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/sample_profile.h"

namespace track::fuzz {
namespace {

std::string unpacked(std::string packed) {
  std::string bytes(1 << 20, 0);
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  if (inflateInit2(&stream, 15 + 16) != Z_OK || inflate(&stream, Z_FINISH) != Z_STREAM_END)
    std::abort();
  inflateEnd(&stream);
  bytes.resize(bytes.size() - stream.avail_out);
  return bytes;
}

}  // namespace

std::vector<std::string> seeds() {
  const std::string packed = write::pprof_bytes(test::sample_profile());
  return {packed, unpacked(packed)};
}

}  // namespace track::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace track;
  const fuzz::InputFile file(data, size);
  fuzz::allow_refusal([&] {
    const Profile profile = read::read_pprof(file.path());
    write::folded_profile(profile, profile.shown);
    write::speedscope_profile(profile);
    write::legacy_profile(profile);
    write::text_profile(profile, {profile.shown, 30, false}, {});
    subtract(profile, test::sample_profile());
  });
  return 0;
}
