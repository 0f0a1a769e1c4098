// A thread that waits for completions of io_uring, held by ptrace.
#include <doctest/doctest.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "cli/process/hold.h"
#include "cli/process/proc.h"
#include "tests/process/forked_child.h"

using namespace track;

namespace {

constexpr int kNoUring = 77;

// Reads from a pipe by a ring, and waits for that without a limit; 0 when the wait ended well.
int wait_for_completion(test::Shared& shared) {
  int ends[2];
  io_uring_params params{};
  const auto ring = static_cast<int>(syscall(SYS_io_uring_setup, 4, &params));
  if (ring < 0 || pipe(ends) != 0) {
    shared.failed_line = kNoUring;
    shared.ready = 1;
    return kNoUring;
  }
  const auto map = [&](size_t bytes, off_t offset) {
    return static_cast<char*>(
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset));
  };
  char* queue = map(params.sq_off.array + params.sq_entries * 4, IORING_OFF_SQ_RING);
  auto* entries = reinterpret_cast<io_uring_sqe*>(
      map(params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
  char byte = 0;
  std::memset(entries, 0, sizeof *entries);
  entries->opcode = IORING_OP_READ;
  entries->fd = ends[0];
  entries->addr = reinterpret_cast<uint64_t>(&byte);
  entries->len = 1;
  reinterpret_cast<uint32_t*>(queue + params.sq_off.array)[0] = 0;
  __atomic_store_n(reinterpret_cast<uint32_t*>(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 0, 0, nullptr, 0) != 1) return 2;
  std::thread writer([&] {
    while (shared.go == 0) std::this_thread::yield();
    if (write(ends[1], "x", 1) != 1) shared.failed_line = __LINE__;
  });
  shared.ready = 1;
  const long result = syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
  writer.join();
  return result == 0 && byte == 'x' && shared.failed_line == 0 ? 0 : 3;
}

}  // namespace

TEST_CASE("a wait for io_uring's completions goes on after a hold") {
  test::Forked child(wait_for_completion);
  child.await_ready();
  if (child.shared->failed_line == kNoUring) return;  // this kernel does not let us
  for (;;) {
    const process::SystemCall call = process::system_call(child.pid, child.pid);
    if (call.state == process::SystemCall::State::waiting && call.number == SYS_io_uring_enter)
      break;
    std::this_thread::yield();
  }
  for (int round = 0; round < 10; ++round) CHECK(process::hold_process(child.pid, [] {}).complete);
  child.shared->go = 1;
  CHECK(child.wait_end() == 0);
}
