#include "libtrack/capture/next_symbols.h"

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <initializer_list>

#include "libtrack/capture/real.h"

using namespace track;

namespace {

// The test is the program itself, so what comes after it is what comes after the library.
const char* const kNames[] = {
#define TRACK_REAL(name, version) #name,
#define TRACK_REAL_AS(name, ...) #name,
#define TRACK_REAL_OLD(name, version, ...)
#include "libtrack/capture/real.def"
#undef TRACK_REAL
#undef TRACK_REAL_AS
#undef TRACK_REAL_OLD
};

void* find(const capture::NextSymbols& plain, const char* name) {
  return plain.find(name, capture::gnu_hash(name));
}

}  // namespace

TEST_CASE("Every plain answer is dlsym's, and most hooked names have one") {
  const capture::NextSymbols plain;
  size_t answered = 0, all = 0;
  for (const char* name : kNames) {
    ++all;
    void* found = find(plain, name);
    if (found == nullptr) continue;
    ++answered;
    INFO(name);
    CHECK(found == dlsym(RTLD_NEXT, name));
  }
  // Under a sanitizer its library may define many of them before libc does.
  MESSAGE(answered << " of " << all);
  CHECK(find(plain, "getppid") == dlsym(RTLD_NEXT, "getppid"));
  CHECK(find(plain, "getppid") != nullptr);
}

TEST_CASE("What libc lacks, has for data or chooses by processor is left to dlsym") {
  const capture::NextSymbols plain;
  for (const char* name : {"no_such_function", "environ", "strlen", "_Znwm", ""})
    CHECK(find(plain, name) == nullptr);
}
