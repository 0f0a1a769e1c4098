// Has a C++ runtime of its own, linked static.
#include <cstdlib>
#include <new>

extern "C" __attribute__((visibility("default"))) int own_cxx_work() {
  int seen = 0;
  try {
    auto* volatile huge = static_cast<char*>(::operator new(~size_t(0) >> 1));
    seen |= huge == nullptr ? 64 : 128;
  } catch (const std::bad_alloc&) {
    seen |= 1;
  }
  try {
    auto* volatile huge = static_cast<char*>(::operator new(~size_t(0) >> 1, std::align_val_t(64)));
    seen |= huge == nullptr ? 256 : 512;
  } catch (const std::bad_alloc&) {
    seen |= 2;
  }
  if (::operator new(~size_t(0) >> 1, std::nothrow) == nullptr) seen |= 4;
  ::operator delete(::operator new(100));
  ::operator delete[](::operator new[](100, std::align_val_t(64)), std::align_val_t(64));
  return seen;
}
