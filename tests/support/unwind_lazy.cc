#include "tests/support/unwind_lazy.h"

void (*unwind_lazy_probe)() = nullptr;

namespace {

int add_one(int number) {
  return number + 1;
}

}  // namespace

extern "C" {

// The loader calls this from _dl_runtime_resolve_*, when the target is first called.
int (*unwind_lazy_resolve())(int) {
  if (unwind_lazy_probe) unwind_lazy_probe();
  return add_one;
}
int unwind_lazy_target(int number) __attribute__((ifunc("unwind_lazy_resolve")));

__attribute__((noinline)) int unwind_lazy_second(int number) {
  asm volatile("");
  return number + 1;
}

int unwind_lazy_call(int number) {
  const int result = unwind_lazy_target(number);
  asm volatile("");
  return result;
}

int unwind_lazy_plain(int number) {
  const int result = unwind_lazy_second(number);
  asm volatile("");
  return result;
}
}
