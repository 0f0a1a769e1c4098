#include "cli/model/wait_text.h"

#include <doctest/doctest.h>

using namespace track;

TEST_CASE("descriptors and processes are told by number, locks by address and name") {
  const Trace trace;
  Symbols symbols;
  symbols.objects[0x55d0c0de1040] = "accounts";
  const auto text = [&](WaitKind kind, uint64_t object) {
    return wait_text(trace, symbols, kind, object);
  };
  CHECK(text(WaitKind::mutex, 0x55d0c0de1040) == "mutex 0x55d0c0de1040 (accounts)");
  CHECK(text(WaitKind::mutex, 0x404060) == "mutex 0x404060");  // of a program without PIE
  CHECK(text(WaitKind::process, 0x6d31) == "process 27953");
  CHECK(text(WaitKind::read, 3) == "read of descriptor 3");
  CHECK(text(WaitKind::sleep, 0) == "sleep");
}
