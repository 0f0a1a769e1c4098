#include "libtrack/core/declared.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/open_recording.h"

using namespace track;
using wire::DeclaredSort;

namespace {

// Addresses that belong at one place of the table.
std::vector<uint64_t> colliding(size_t count) {
  const uint64_t capacity = core::section_capacity<wire::Declared>(wire::SectionKind::declared);
  std::vector<uint64_t> found{0x7000'0000'0040};
  const uint64_t place = wire::declared_place(found[0], capacity);
  for (uint64_t at = found[0] + 64; found.size() < count; at += 64)
    if (wire::declared_place(at, capacity) == place) found.push_back(at);
  return found;
}

bool marked(uint64_t address) {
  return core::declared_marks(DeclaredSort::coroutine, address) == wire::kToldLongLived;
}

bool mark(uint64_t address) {
  return core::declare(DeclaredSort::coroutine, address, nullptr, wire::kToldLongLived, 0);
}

}  // namespace

TEST_CASE("what belongs at one place is found, as far as there is room, whoever goes meanwhile") {
  test::need_recording("");
  core::BusyScope busy;
  const std::vector<uint64_t> all = colliding(wire::kDeclaredProbes + 1);
  const uint64_t lost = core::lost().labels.load();
  for (size_t i = 0; i < wire::kDeclaredProbes; ++i) REQUIRE(mark(all[i]));
  CHECK_FALSE(marked(all.back()));
  for (size_t i = 0; i < wire::kDeclaredProbes; ++i) CHECK(marked(all[i]));
  for (size_t i = 0; i + 1 < wire::kDeclaredProbes; ++i)
    core::forget_declared(DeclaredSort::coroutine, all[i]);
  CHECK_FALSE(marked(all[0]));
  CHECK(marked(all[wire::kDeclaredProbes - 1]));
  CHECK(mark(all.back()));
  CHECK(marked(all.back()));
  CHECK(core::lost().labels.load() == lost);
  core::forget_declared(DeclaredSort::coroutine, all.back());
  core::forget_declared(DeclaredSort::coroutine, all[wire::kDeclaredProbes - 1]);
}

TEST_CASE("nothing was declared of other sorts") {
  test::need_recording("");
  core::BusyScope busy;
  REQUIRE(mark(0x7100'0000'0040));
  CHECK(core::any_declared(DeclaredSort::coroutine));
  CHECK_FALSE(core::any_declared(DeclaredSort::fiber));
  CHECK(core::declared_marks(DeclaredSort::fiber, 0x7100'0000'0040) == 0);
  CHECK(core::declared_lock(0x7100'0000'0040) == nullptr);
  core::forget_declared(DeclaredSort::fiber, 0x7100'0000'0040);
  CHECK(marked(0x7100'0000'0040));
  core::forget_declared(DeclaredSort::coroutine, 0x7100'0000'0040);
  CHECK_FALSE(marked(0x7100'0000'0040));
}

TEST_CASE("an owner of an object is the last one that was told") {
  test::need_recording("");
  core::BusyScope busy;
  constexpr uint64_t kLock = 0x5000;
  CHECK(core::set_owner(kLock, 3));
  CHECK(core::set_owner(kLock, 4));
  const wire::Declared* entry = core::declared_lock(kLock);
  REQUIRE(entry != nullptr);
  CHECK(wire::task_of_object(kLock, entry->owner.load()) == 4);
  CHECK(core::set_owner(kLock, 0));
  CHECK(entry->owner.load() == 0);
  CHECK_FALSE(core::set_owner(0, 3));
  core::forget_declared(DeclaredSort::lock, kLock);
  CHECK(core::declared_lock(kLock) == nullptr);
}
