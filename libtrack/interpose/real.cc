#include "libtrack/capture/real.h"

#include "libtrack/capture/next_symbols.h"

// glibc's allocator under its own names, for the moments before the real one is known.
extern "C" {
void* __libc_malloc(size_t) noexcept;
void* __libc_calloc(size_t, size_t) noexcept;
void* __libc_realloc(void*, size_t) noexcept;
void* __libc_memalign(size_t, size_t) noexcept;
void __libc_free(void*) noexcept;
}

namespace track::capture {
namespace {

// A hook that is called before our constructor (another library's constructor) lands here: find the
// real functions, then go on.
template <class Function>
struct Early;
template <class R, class... A>
struct Early<R (*)(A...)> {
  template <auto Member>
  static R call(A... arguments) {
    find_real();
    return (real.*Member)(arguments...);
  }
};
template <class R, class... A>
struct Early<R (*)(A...) noexcept> {
  template <auto Member>
  static R call(A... arguments) noexcept {
    find_real();
    return (real.*Member)(arguments...);
  }
};

// A search by version passes over definitions without one: what another library has put in the
// place of a function of libc's that has versions.
void* next(const NextSymbols& plain, const char* name, uint32_t hash, const char* version) {
  if (void* found = plain.find(name, hash)) return found;
  void* found = next_symbol(name);
  if (version == nullptr || (found != nullptr && !is_libcs(found))) return found;
  void* versioned = next_symbol(name, version);
  return versioned != nullptr ? versioned : found;
}

}  // namespace

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#define TRACK_REAL(name, version) &Early<decltype(Real::name)>::call<&Real::name>,
#define TRACK_REAL_AS(name, ...) &Early<decltype(Real::name)>::call<&Real::name>,
#define TRACK_REAL_OLD(name, version, ...) \
  &Early<decltype(Real::old_##name)>::call<&Real::old_##name>,
constinit Real real = {
#include "libtrack/capture/real.def"
};
#undef TRACK_REAL
#undef TRACK_REAL_AS
#undef TRACK_REAL_OLD
#pragma GCC diagnostic pop

void find_real() {
  // A dlsym that allocates (an older loader's, another preload's) comes back to these names. Only
  // the first time: threads may be using the real ones already.
  static bool found_once = false;
  if (!found_once) {
    real.malloc = __libc_malloc;
    real.calloc = __libc_calloc;
    real.realloc = __libc_realloc;
    real.memalign = __libc_memalign;
    real.free = __libc_free;
  }
  found_once = true;
  const NextSymbols plain;
#define TRACK_REAL(name, version)                               \
  {                                                             \
    constexpr uint32_t hash = gnu_hash(#name);                  \
    if (void* found = next(plain, #name, hash, version))        \
      real.name = reinterpret_cast<decltype(real.name)>(found); \
  }
#define TRACK_REAL_AS(name, ...) TRACK_REAL(name, nullptr)
#define TRACK_REAL_OLD(name, version, ...)       \
  if (void* found = next_symbol(#name, version)) \
    real.old_##name = reinterpret_cast<decltype(real.old_##name)>(found);
#include "libtrack/capture/real.def"
#undef TRACK_REAL
#undef TRACK_REAL_AS
#undef TRACK_REAL_OLD
}

}  // namespace track::capture
