#include "cli/analyze/library_workers.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace track::analyze {
namespace {

struct Library {
  std::string_view module;  // how the file's name begins
  // Where an idle worker waits, by one of the functions there: others of its threads may do what
  // the program wants. Empty: it runs the program's code only while the program waits for that, or
  // with frames of the program's on the stack.
  std::string_view idle_in;
};
constexpr std::array kLibraries = {Library{"libgomp.so", ""},
                                   Library{"libomp.so", ""},
                                   Library{"libiomp5.so", ""},
                                   Library{"libtbb.so", ""},
                                   Library{"libtbb12.so", ""},
                                   Library{"libuv.so", "uv_cond_wait"},
                                   Library{"libglib-2.0.so", "g_async_queue_"}};

bool of_libc(const StackLine& line) {
  const std::string module = base_name(line.module);
  return module.starts_with("libc.so") || module.starts_with("libpthread.so") ||
         module.starts_with("ld-linux");
}

bool idle_in(const Library& library, const std::vector<StackLine>& stack) {
  const bool inside = std::all_of(stack.begin(), stack.end(), [&](const StackLine& line) {
    return of_libc(line) || base_name(line.module).starts_with(library.module);
  });
  return inside && (library.idle_in.empty() ||
                    std::any_of(stack.begin(), stack.end(), [&](const StackLine& line) {
                      return line.function.starts_with(library.idle_in);
                    }));
}

}  // namespace

bool idle_worker_of_library(const Trace& trace, const Symbols& symbols, const Thread& thread) {
  const auto created = stack_lines(trace, symbols, thread.created_at, Prune::tracker);
  const auto by = std::find_if_not(created.begin(), created.end(), of_libc);
  if (by == created.end()) return false;
  const std::string maker = base_name(by->module);
  const StackIndex at = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
  const auto stack = stack_lines(trace, symbols, at, Prune::tracker);
  return !stack.empty() &&
         std::any_of(kLibraries.begin(), kLibraries.end(), [&](const Library& library) {
           return maker.starts_with(library.module) && idle_in(library, stack);
         });
}

}  // namespace track::analyze
