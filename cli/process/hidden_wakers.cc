#include "cli/process/hidden_wakers.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "cli/process/named_functions.h"

namespace track::process {
namespace {

// What a core file keeps silent about: pointers that these left with the kernel.
constexpr std::string_view kLeaveWithKernel[] = {
    "epoll_ctl",      "timer_create", "pipe",     "pipe2",           "socketpair", "eventfd",
    "memfd_create",   "mq_notify",    "mq_send",  "msgsnd",          "aio_read",   "aio_write",
    "io_uring_setup", "io_setup",     "sigqueue", "pthread_sigqueue"};

// The links' own permissions say what each descriptor is open for.
bool pipe_inside(int32_t pid) {
  using std::filesystem::perms;
  std::set<std::string> read, written;
  std::error_code error;
  const std::filesystem::path directory("/proc/" + std::to_string(pid) + "/fd");
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry->path(), gone).string();
    if (target.compare(0, 5, "pipe:") != 0) continue;
    const perms allowed = std::filesystem::symlink_status(entry->path(), gone).permissions();
    if (gone) continue;
    if ((allowed & perms::owner_read) != perms::none) read.insert(target);
    if ((allowed & perms::owner_write) != perms::none) written.insert(target);
  }
  return std::any_of(read.begin(), read.end(),
                     [&](const std::string& pipe) { return written.count(pipe) != 0; });
}

void add_cancellation(const ProcessImage& image, std::vector<std::string>& doubts) {
  constexpr std::string_view kCancel[] = {"pthread_cancel"};
  for (const auto& [name, module] : named_functions(image, kCancel))
    doubts.push_back("a thread's handle is enough to cancel it, and " + module + " names " +
                     std::string(name));
}

void add_silence_of_core(const ProcessImage& image, std::vector<std::string>& blind) {
  std::string names;
  for (const auto& [name, module] : named_functions(image, kLeaveWithKernel))
    names += (names.empty() ? "" : ", ") + std::string(name);
  if (!names.empty())
    blind.push_back("a core file does not say which pointers the kernel held (" + names + ")");
}

}  // namespace

HiddenWakers hidden_wakers(const ProcessImage& image) {
  HiddenWakers hidden;
  add_cancellation(image, hidden.doubts);
  if (image.core)
    add_silence_of_core(image, hidden.blind);
  else if (pipe_inside(image.pid))
    hidden.doubts.emplace_back("a pipe with both ends in this process may carry references");
  return hidden;
}

}  // namespace track::process
