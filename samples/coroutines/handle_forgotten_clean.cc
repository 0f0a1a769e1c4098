// what: An awaiter keeps the handle, and the completion resumes it.
// expect: clean
#include <coroutine>

#include "samples/support/task.h"

static int uploads = 0;
static std::coroutine_handle<> writing;

struct WriteDone {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) const noexcept {
    writing = awaiting;
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
  writing.resume();
  return uploads == 100 ? 0 : 1;
}
