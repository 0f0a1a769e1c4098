// what: An awaiter suspends its coroutine without keeping the handle (S23).
// expect: orphaned-coroutine proved count=1 created_by=start_upload
#include <coroutine>

#include "samples/support/task.h"

static int uploads = 0;

struct WriteDone {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) const noexcept {
    asm volatile("" : : "r"(waiting.address()) : "memory");  // else g++ removes the whole frame
    return true;
  }
  void await_resume() const noexcept {}
};

co::detached upload(int bytes) {
  co_await WriteDone{};
  uploads += bytes;
}

void start_upload() {
  upload(100);
}

int main() {
  start_upload();
  return uploads;
}
