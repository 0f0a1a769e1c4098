#include "cli/process/hidden_wakers.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

namespace track::process {
namespace {

// Names of imported functions lie near the start of a module, before its code.
constexpr uint64_t kMostSearched = 4 << 20;

bool of_the_system(const Module& module) {
  const std::string name = module.path.substr(module.path.rfind('/') + 1);
  for (const std::string_view prefix : {"libc.so", "libc-", "libpthread", "libtrack", "ld-linux"})
    if (name.compare(0, prefix.size(), prefix) == 0) return true;
  return false;
}

bool names_function(const ProcessImage& image, const Module& module, std::string_view name) {
  if (!image.memory || module.end <= module.start) return false;
  std::string text(std::min(module.end - module.start, kMostSearched), 0);
  text.resize(image.memory->read_some(module.start, text.data(), text.size()));
  return text.find(std::string(1, 0) + std::string(name) + std::string(1, 0)) != std::string::npos;
}

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

}  // namespace

std::vector<std::string> hidden_wakers(const ProcessImage& image) {
  std::vector<std::string> doubts;
  for (const Module& module : image.modules) {
    if (of_the_system(module) || !names_function(image, module, "pthread_cancel")) continue;
    doubts.push_back("a thread's handle is enough to cancel it, and " + module.path +
                     " calls pthread_cancel");
    break;
  }
  if (!image.core && pipe_inside(image.pid))
    doubts.emplace_back("a pipe with both ends in this process may carry references");
  return doubts;
}

}  // namespace track::process
