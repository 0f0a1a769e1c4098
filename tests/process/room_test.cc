#include "cli/process/room.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "cli/model/error.h"

using namespace track;

TEST_CASE("a process that is too large for this machine is refused with both figures") {
  CHECK_NOTHROW(process::require_room("process 7", 1 << 20));
  std::string why;
  try {
    process::require_room("process 7", uint64_t{1} << 50);
  } catch (const Error& error) {
    why = error.what();
  }
  CHECK(why.find("process 7 has 1073741824 MiB") != std::string::npos);
  CHECK(why.find("MiB left") != std::string::npos);
}

TEST_CASE("a room keeps its bytes while it grows and moves, and the next has room enough") {
  for (const uint64_t bytes : {uint64_t{1} << 20, uint64_t{5} << 20, uint64_t{64} << 20}) {
    process::Room room(bytes);
    REQUIRE(room.bytes() >= bytes);
    room.touch(bytes);
    room.data()[0] = std::byte{7};
    room.grow(3 * bytes + (32 << 20));
    room.data()[3 * bytes] = std::byte{8};
    process::Room other(1);
    other = std::move(room);
    CHECK(other.data()[0] == std::byte{7});
    CHECK(other.data()[3 * bytes] == std::byte{8});
  }
}
