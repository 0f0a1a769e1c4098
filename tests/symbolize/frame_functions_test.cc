// Functions of this very program, which has no coroutines.
#include "cli/symbolize/frame_functions.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <string>

#include "cli/symbolize/elf_image.h"

using namespace track;
using namespace track::symbolize;

namespace {

struct Own {
  std::string why;
  std::unique_ptr<ElfImage> image =
      ElfImage::from_descriptor(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "self", why);
  MachineCode code{*image};
  FunctionStarts functions{*image, code};
  FreeingCalls freeing{*image};
};

}  // namespace

TEST_CASE("the unwind table says where functions begin and end") {
  Own own;
  REQUIRE(own.functions.functions().size() > 1000);
  uint64_t last = 0;
  for (const auto& [start, entry] : own.functions.functions()) {
    CHECK(start >= last);
    const auto extent = own.functions.extent(own.code, start);
    CHECK(extent.first == start);
    last = extent.second;
  }
  CHECK(own.functions.at(own.functions.functions()[7].first + 1) == FunctionStarts::kNone);
}

TEST_CASE("of functions that happen to stand side by side few look like a coroutine's") {
  Own own;
  const auto& all = own.functions.functions();
  size_t alike = 0, strong = 0;
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    const FrameLikeness likeness =
        frame_functions(own.code, own.functions, own.freeing, all[i].first, all[i + 1].first)
            .likeness;
    alike += likeness == FrameLikeness::alike;
    strong += likeness == FrameLikeness::strong;
  }
  CAPTURE(alike);
  CAPTURE(strong);
  CHECK(alike * 10 < all.size());
  CHECK(strong * 50 < all.size());
}

TEST_CASE("what stands elsewhere is no destroy function, whatever its code is") {
  Own own;
  const auto& all = own.functions.functions();
  const auto likeness = [&](size_t resume, size_t destroy) {
    return frame_functions(own.code, own.functions, own.freeing, all[resume].first,
                           all[destroy].first)
        .likeness;
  };
  for (size_t i = 8; i + 8 < all.size(); i += 8) {
    CHECK(likeness(i, i + 3) == FrameLikeness::none);
    CHECK(likeness(i, i - 1) == FrameLikeness::none);
    CHECK(likeness(i, i) == FrameLikeness::none);
  }
}
