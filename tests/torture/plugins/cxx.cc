// A C++ plug-in for a program that is plain C: operators new of every kind, exceptions.
#include <new>
#include <string>

struct alignas(64) Wide {
  char bytes[128];
};

extern "C" int cxx_work() {
  int good = 0;
  Wide* wide = new Wide;
  good += wide != nullptr && reinterpret_cast<unsigned long>(wide) % 64 == 0;
  delete wide;
  Wide* many = new Wide[3];
  good += many != nullptr && reinterpret_cast<unsigned long>(many) % 64 == 0;
  delete[] many;
  wide = new (std::nothrow) Wide;
  good += wide != nullptr;
  delete wide;
  std::string text(1000, 'x');
  good += text.size() == 1000;
  try {
    operator delete(operator new (size_t{1} << 62));
  } catch (const std::bad_alloc&) {
    ++good;
  }
  try {
    operator delete (operator new (size_t{1} << 62, std::align_val_t{64}), std::align_val_t{64});
  } catch (const std::bad_alloc&) {
    ++good;
  }
  good += operator new[](size_t{1} << 62, std::nothrow) == nullptr;
  return good;
}
