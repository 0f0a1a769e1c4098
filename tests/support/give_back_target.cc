// Makes coroutines whose frames come from malloc or operator new, and gives their blocks back by
// the name that the first argument says; `keep` leaves all of them. Weak names: they are there when
// the allocator that has them is preloaded.
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

extern "C" {
[[gnu::weak]] void dallocx(void*, int);
[[gnu::weak]] void sdallocx(void*, size_t, int);
[[gnu::weak]] void tc_free(void*);
[[gnu::weak]] void tc_free_sized(void*, size_t);
[[gnu::weak]] void tc_delete(void*);
[[gnu::weak]] void tc_delete_sized(void*, size_t);
}

namespace {

constexpr int kFrames = 200;
std::string way;

void* take(size_t n) {
  return way.rfind("tc_delete", 0) == 0 ? ::operator new(n) : std::malloc(n);
}

void give_back(void* block, size_t n) {
  if (way == "dallocx") return dallocx(block, 0);
  if (way == "sdallocx") return sdallocx(block, n, 0);
  if (way == "tc_free") return tc_free(block);
  if (way == "tc_free_sized") return tc_free_sized(block, n);
  if (way == "tc_delete") return tc_delete(block);
  if (way == "tc_delete_sized") return tc_delete_sized(block, n);
  std::free(block);
}

struct Task {
  struct promise_type {
    static void* operator new(size_t n) { return take(n); }
    static void operator delete(void* block, size_t n) { give_back(block, n); }
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<> handle;
};

Task wait_for_ever() {
  co_await std::suspend_always{};
}

}  // namespace

int main(int argc, char** argv) {
  way = argc > 1 ? argv[1] : "free";
  std::vector<std::coroutine_handle<>> all;
  for (int i = 0; i < kFrames; ++i) all.push_back(wait_for_ever().handle);
  if (way != "keep")
    for (const auto handle : all) handle.destroy();
  std::printf("%s\n", way.c_str());
}
