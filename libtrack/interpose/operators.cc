// C++ operator new and delete in all forms. Hooked under their own names because the return
// address that tells a coroutine's allocation is that of the operator's caller.
//
// Where the standard library's own definitions would run, new is malloc and delete is free, and the
// hooks call those directly. Where the program replaced an operator, its definition comes before
// ours; the forms it did not replace must then go the standard library's way, to end up in it.
#include "libtrack/capture/operators.h"

#include <new>

#include "libtrack/capture/coroutines.h"
#include "libtrack/capture/real.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using Nothrow = std::nothrow_t;
using Align = std::align_val_t;

namespace {

template <class Function>
Function standard(Function& cached, const char* name) {
  if (cached == nullptr) cached = reinterpret_cast<Function>(next_operator(name));
  return cached;
}

}  // namespace

// The common case keeps nothing for the rare one, which ends the hook by a jump (the build sees to
// it) and stands in its place. Failure is left to the standard definition: new handlers, bad_alloc.
// Where there is none (plain C), to the one of the plug-in that calls.
#define TRACK_FAILED_NEW(symbol, parameters, arguments)        \
  const auto own = reinterpret_cast<void*(*)parameters>(       \
      callers_operator(#symbol, __builtin_return_address(0))); \
  return own != nullptr ? own arguments : nullptr

#define TRACK_NEW(symbol, parameters, arguments, direct)                               \
  namespace {                                                                          \
  [[gnu::noinline]] void* otherwise##symbol parameters {                               \
    static void*(*next)parameters;                                                     \
    void* block = operators_are_standard() ? (direct) : nullptr;                       \
    if (__builtin_expect(block == nullptr, 0)) {                                       \
      if (standard(next, #symbol) == nullptr) {                                        \
        TRACK_FAILED_NEW(symbol, parameters, arguments);                               \
      }                                                                                \
      block = next arguments;                                                          \
    }                                                                                  \
    return operators_are_standard() ? perhaps_frame(block, n) : allocated(block, n);   \
  }                                                                                    \
  }                                                                                    \
  TRACK_EXPORT void* symbol parameters {                                               \
    const auto caller = reinterpret_cast<uint64_t>(__builtin_return_address(0));       \
    if (__builtin_expect(operators_are_standard(), 1) && no_frame(n, caller))          \
      if (void* block = (direct); __builtin_expect(block != nullptr, 1)) return block; \
    return otherwise##symbol arguments;                                                \
  }

TRACK_NEW(_Znwm, (size_t n), (n), real.malloc(n))
TRACK_NEW(_Znam, (size_t n), (n), real.malloc(n))
TRACK_NEW(_ZnwmRKSt9nothrow_t, (size_t n, const Nothrow& t), (n, t), real.malloc(n))
TRACK_NEW(_ZnamRKSt9nothrow_t, (size_t n, const Nothrow& t), (n, t), real.malloc(n))

// The aligned forms are rare: they always go the standard way.
#define TRACK_NEW_ALIGNED(symbol, parameters, arguments)       \
  TRACK_EXPORT void* symbol parameters {                       \
    static void*(*next)parameters;                             \
    void* block = nullptr;                                     \
    if (standard(next, #symbol) != nullptr)                    \
      block = next arguments;                                  \
    else if (real.posix_memalign(&block, size_t(a), n) != 0) { \
      TRACK_FAILED_NEW(symbol, parameters, arguments);         \
    }                                                          \
    return allocated(block, n);                                \
  }

TRACK_NEW_ALIGNED(_ZnwmSt11align_val_t, (size_t n, Align a), (n, a))
TRACK_NEW_ALIGNED(_ZnamSt11align_val_t, (size_t n, Align a), (n, a))
TRACK_NEW_ALIGNED(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t n, Align a, const Nothrow& t),
                  (n, a, t))
TRACK_NEW_ALIGNED(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t n, Align a, const Nothrow& t),
                  (n, a, t))

#define TRACK_DELETE_IF(is_standard, symbol, parameters, arguments)                \
  namespace {                                                                      \
  [[gnu::noinline]] void otherwise##symbol parameters {                            \
    freeing(block);                                                                \
    if (is_standard()) return real.free(block);                                    \
    static void(*next) parameters;                                                 \
    if (standard(next, #symbol) != nullptr) return next arguments;                 \
    real.free(block);                                                              \
  }                                                                                \
  }                                                                                \
  TRACK_EXPORT void symbol parameters noexcept {                                   \
    if (!track::core::may_be_tracked(block) && __builtin_expect(is_standard(), 1)) \
      return real.free(block);                                                     \
    otherwise##symbol arguments;                                                   \
  }

#define TRACK_DELETE(...) TRACK_DELETE_IF(operators_are_standard, __VA_ARGS__)
#define TRACK_DELETE_ALIGNED(...) TRACK_DELETE_IF(aligned_operators_are_standard, __VA_ARGS__)

TRACK_DELETE(_ZdlPv, (void* block), (block))
TRACK_DELETE(_ZdaPv, (void* block), (block))
TRACK_DELETE(_ZdlPvm, (void* block, size_t n), (block, n))
TRACK_DELETE(_ZdaPvm, (void* block, size_t n), (block, n))
TRACK_DELETE(_ZdlPvRKSt9nothrow_t, (void* block, const Nothrow& t), (block, t))
TRACK_DELETE(_ZdaPvRKSt9nothrow_t, (void* block, const Nothrow& t), (block, t))
TRACK_DELETE_ALIGNED(_ZdlPvSt11align_val_t, (void* block, Align a), (block, a))
TRACK_DELETE_ALIGNED(_ZdaPvSt11align_val_t, (void* block, Align a), (block, a))
TRACK_DELETE_ALIGNED(_ZdlPvmSt11align_val_t, (void* block, size_t n, Align a), (block, n, a))
TRACK_DELETE_ALIGNED(_ZdaPvmSt11align_val_t, (void* block, size_t n, Align a), (block, n, a))
TRACK_DELETE_ALIGNED(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void* block, Align a, const Nothrow& t),
                     (block, a, t))
TRACK_DELETE_ALIGNED(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void* block, Align a, const Nothrow& t),
                     (block, a, t))
