#include "cli/process/forked_image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "cli/model/error.h"
#include "cli/process/borrowed_thread.h"
#include "cli/process/memory.h"
#include "cli/process/traced_call.h"
#include "cli/process/urgency.h"

namespace track::process {
namespace {

constexpr char kName[16] = "track-image";

std::string error_text(int64_t value) {
  return std::strerror(static_cast<int>(-value));
}

// The first that may be; those inside a system call before those that run.
const HeldThread& choose(pid_t pid, const std::vector<HeldThread>& threads,
                         const std::vector<Mapping>& mappings) {
  std::string why = "none stands still";
  for (const bool in_call : {true, false})
    for (const HeldThread& held : threads) {
      if (!held.interrupted || held.thread->in_system_call != in_call) continue;
      why = why_not_borrowed(pid, *held.thread, registers_of(held.thread->tid), mappings,
                             StackKind::own);
      if (why.empty()) return held;
    }
  throw Error("no thread can be borrowed: " + why);
}

bool adopts_orphans(BorrowedThread& thread, pid_t pid) {
  const uint64_t answer_at = thread.way().scratch;
  const CallResult result =
      thread.call(thread.way().home, SYS_prctl, {PR_GET_CHILD_SUBREAPER, answer_at, 0, 0, 0});
  int answer = 1;
  return result.value != 0 || !Memory(pid).read(answer_at, &answer, sizeof answer) || answer != 0;
}

// The helper at its birth; returns the image, or an error number.
CallResult fork_by(pid_t helper, const CodePieces& code, uint64_t leave) {
  while (true) {
    const StopStatus stop = await_stop(helper);
    if (stop.ended) throw Error("the helper process was killed");
    if (stop.event == PTRACE_EVENT_STOP) break;
    resume(helper, PTRACE_CONT);
  }
  return traced_call(helper, code.call, leave, SYS_clone, {CLONE_FILES, 0, 0, 0, 0});
}

void take_exit(BorrowedThread& thread, int64_t helper) {
  for (;;) {
    const CallResult result =
        thread.call(thread.way().home, SYS_wait4, {static_cast<uint64_t>(helper), 0, __WALL, 0, 0});
    const bool again = result.value == -EINTR || (result.value <= -512 && result.value >= -516);
    if (!again) return;
  }
}

}  // namespace

void ForkedImage::fork(pid_t pid, const std::vector<HeldThread>& threads,
                       const std::vector<Mapping>& mappings, const CodePieces& code) {
  code_ = code;
  BorrowedThread thread(pid, choose(pid, threads, mappings).thread->tid, code);
  if (adopts_orphans(thread, pid))
    throw Error("the process adopts orphans: it would see the image");
  const WayBack& way = thread.way();
  const CallResult helper =
      thread.call(way.wait, SYS_clone,
                  {CLONE_VM | CLONE_FILES | CLONE_PARENT_SETTID, way.leave, way.waited_for, 0, 0});
  if (helper.value < 0) throw Error("no process can be made: " + error_text(helper.value));
  CallResult image;
  std::string failure;
  try {
    make_urgent(helper.child);
    image = fork_by(helper.child, code, way.leave);
    if (image.value < 0) failure = "its memory cannot be forked: " + error_text(image.value);
    // It exits by itself.
    ptrace(PTRACE_DETACH, helper.child, 0, 0);
  } catch (const Error& error) {
    failure = error.what();
    kill(helper.child, SIGKILL);
    waitpid(helper.child, nullptr, __WALL);
  }
  take_exit(thread, helper.value);
  pid_ = image.child;
  try {
    if (!failure.empty()) throw Error(failure);
    release_descriptors();
  } catch (const Error&) {
    end();
    throw;
  }
}

// Before the process goes on: were there a second reference to its files, for however short a time,
// a connection that it closes would stay open, and an epoll would report it still.
void ForkedImage::release_descriptors() {
  while (await_stop(pid_).event != PTRACE_EVENT_STOP) resume(pid_, PTRACE_CONT);
  make_urgent(pid_);
  ptrace(PTRACE_SETOPTIONS, pid_, 0,
         PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE);
  stack_ = registers_of(pid_).rsp;
  const CallResult result =
      traced_call(pid_, code_.call, stack_, SYS_close_range, {0, ~0u, CLOSE_RANGE_UNSHARE, 0, 0});
  if (result.value != 0)
    throw Error("an image cannot let go of its descriptors: " + error_text(result.value));
}

void ForkedImage::settle() {
  make_ordinary(pid_);
  try {
    traced_call(pid_, code_.call, stack_, SYS_setsid, {});
    const uint64_t name_at = stack_ - sizeof kName;
    iovec local{const_cast<char*>(kName), sizeof kName};
    iovec remote{reinterpret_cast<void*>(name_at), sizeof kName};
    if (process_vm_writev(pid_, &local, 1, &remote, 1, 0) == sizeof kName)
      traced_call(pid_, code_.call, stack_, SYS_prctl, {PR_SET_NAME, name_at, 0, 0, 0});
  } catch (const Error& error) {
    throw Lost(error.what());
  }
  const std::string path = "/proc/" + std::to_string(pid_) + "/oom_score_adj";
  if (const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC); file >= 0) {
    // Refused or not: it is only a precaution.
    [[maybe_unused]] const ssize_t written = write(file, "1000", 4);
    close(file);
  }
}

void ForkedImage::end() {
  if (pid_ == 0) return;
  const pid_t image = std::exchange(pid_, 0);
  if (kill(image, SIGKILL) == 0) {
    int status = 0;
    do {
      if (waitpid(image, &status, __WALL) != image) return;
    } while (WIFSTOPPED(status));
  } else {
    ptrace(PTRACE_DETACH, image, 0, 0);  // it leaves by itself
  }
}

}  // namespace track::process
