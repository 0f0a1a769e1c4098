#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/process/binary.h"
#include "cli/process/blind_spots.h"
#include "cli/process/confinement.h"
#include "cli/process/locate.h"
#include "cli/process/memory.h"
#include "cli/process/proc.h"
#include "cli/verbs/load.h"
#include "cli/verbs/places.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"
#include "cli/write/json_parts.h"

namespace track::verbs {
namespace {

struct DoctorSettings {
  std::string target;
  OutputSettings output;
};

class Checkup {
 public:
  explicit Checkup(write::Page& page) : page_(page) {}
  void good(const std::string& text) { say(write::Ink::green, "ok", text); }
  void note(const std::string& text) { say(write::Ink::yellow, "note", text); }
  void bad(const std::string& text) {
    say(write::Ink::red, "FAIL", text);
    failed_ = true;
  }
  bool failed() const { return failed_; }
  const write::Json& checks() const { return checks_; }

 private:
  void say(write::Ink ink, const std::string& word, const std::string& text) {
    page_.wrapped(fmt::format("{:<6}{}", word, text), 0, 6, ink);
    checks_.push_back({{"result", word == "FAIL" ? "fail" : word}, {"text", text}});
  }
  write::Page& page_;
  write::Json checks_ = write::Json::array();
  bool failed_ = false;
};

// What will be missing from a report on this very program.
void check_blind_spots(Checkup& checkup, const std::string& path) {
  const process::BlindSpots found = process::find_blind_spots(path);
  if (!found.allocator.empty())
    checkup.note(found.allocator +
                 " is linked into the program: heap blocks are not recorded, frames in its memory "
                 "are known only as candidates; link the allocator as a shared library");
  if (found.futexes != 0)
    checkup.note(
        fmt::format("its own code has {} for futex: waits there are seen from outside only, "
                    "without history or owner",
                    count_text(found.futexes, "system call")));
  if (found.system_calls != 0)
    checkup.note(
        fmt::format("its own code has {} more: what they wait for, and a process that "
                    "ends by one, are not recorded",
                    count_text(found.system_calls, "system call")));
  if (found.go)
    checkup.note(
        "it has Go's runtime: goroutines, their stacks and their waits are not seen; see "
        "its own goroutine profile");
  if (found.rust)
    checkup.note(
        "it has Rust code: threads, locks of pthread and futex waits by way of libc are "
        "seen, async tasks are not");
  if (found.pooled_coroutines)
    checkup.note(
        "a promise type allocates frames itself: of coroutines in a pool there is no "
        "creation stack where blocks are used again");
  if (found.clang_coroutines)
    checkup.note(
        "clang may put a coroutine's frame into its awaiter's: those have no creation "
        "stack of their own");
  if (found.stripped_clang)
    checkup.note(
        "made by clang and stripped: coroutines are told by how their frames look, and "
        "never proved to be leaked");
  if (found.allocator.empty() && found.futexes + found.system_calls == 0 && !found.go &&
      !found.rust && !found.pooled_coroutines && !found.clang_coroutines && !found.stripped_clang)
    checkup.good("nothing in its code is known to be hidden from libtrack");
}

void check_binary(Checkup& checkup, const process::Binary& binary) {
  for (const std::string& script : binary.scripts)
    checkup.note(script + " is a script; what is tracked is its interpreter " + binary.path +
                 " and the programs it starts");
  const std::string blocker = binary.blocker();
  if (!blocker.empty()) return checkup.bad(blocker);
  checkup.good(binary.path + " is a dynamically linked 64-bit x86 program (loader " +
               binary.interpreter + ")");
  if (!binary.symbols && !binary.debug_info)
    checkup.note(
        "stripped: functions are shown as module+offset, and clang coroutines are only "
        "told by how they look; keep a debug file beside it or in /usr/lib/debug");
  else if (!binary.debug_info)
    checkup.note("no debug information: function names, but no files and lines; build with -g");
  else
    checkup.good("has debug information, or names a file that has");
  check_blind_spots(checkup, binary.path);
}

void check_confinement(Checkup& checkup, pid_t pid) {
  const process::Confinement found = process::confinement_of(pid);
  for (const std::string& kind : found.namespaces)
    checkup.note("is in another " + kind + " namespace" +
                 (kind == "pid" ? ": its own process numbers are others than here"
                  : kind == "mnt"
                      ? ": its files are read through /proc/" + std::to_string(pid) + "/root"
                      : ""));
  if (found.seccomp != 0)
    checkup.note(found.seccomp == 1
                     ? "seccomp allows it no system calls but read, write and exit: nothing can be "
                       "loaded into it"
                     : "seccomp filters its system calls: CPU sampling in the process is off, and "
                       "nothing can be loaded into it while it runs unless the filter allows it");
  if (found.tracer != 0)
    checkup.note(
        fmt::format("is traced by process {}: nobody else can hold it, so that nothing is "
                    "proved by one instant",
                    found.tracer));
  if (found.not_dumpable)
    checkup.note("is not dumpable (prctl, or privileges it had): only root may look into it");
  if (found.changed_user)
    checkup.note("has privileges of another user: libtrack.so is not loaded into such a program");
  if (found.yama != 0 && geteuid() != 0)
    checkup.note(fmt::format("kernel.yama.ptrace_scope is {}: {}", found.yama,
                             found.yama == 1 ? "only its parent, and root, may look into it"
                                             : "only root may look into it"));
}

void check_library(Checkup& checkup) {
  try {
    checkup.good("libtrack.so: " + find_library());
  } catch (const Error& error) {
    checkup.bad(error.what());
  }
}

void check_process(Checkup& checkup, pid_t pid) {
  process::require_readable(pid);
  const auto mappings = process::mappings(pid);
  const bool loaded = std::any_of(mappings.begin(), mappings.end(), [](const auto& mapping) {
    return mapping.path.find("/libtrack.so") != std::string::npos;
  });
  const bool glibc = std::any_of(mappings.begin(), mappings.end(), [](const auto& mapping) {
    return mapping.path.find("/libc.so.6") != std::string::npos;
  });
  if (!glibc) checkup.note("the process has no glibc loaded: it is static, or uses another libc");
  try {
    const auto place = process::locate_recording(pid);
    checkup.good("is tracked; its recording: " +
                 (place.original.empty() ? "in memory only" : place.original));
  } catch (const Error& error) {
    if (loaded)
      checkup.bad(
          "libtrack.so is loaded, but nothing is recorded: the directory of recordings "
          "could not be written, or the program was executed with privileges");
    else
      checkup.bad(error.what());
  }
  const process::Memory memory(pid);
  if (!mappings.empty() && memory.probe(mappings.front().start) == 0)
    checkup.good("its memory can be read: lock owners and coroutine frames are verified");
  else
    checkup.note(
        "its memory cannot be read (ptrace rights): findings rest on the record alone; "
        "run track as root, or start the program under track run");
  check_confinement(checkup, pid);
  check_blind_spots(checkup, "/proc/" + std::to_string(pid) + "/exe");
}

pid_t parse_pid(const std::string& text) {
  pid_t pid = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), pid).ec != std::errc())
    throw Error("there is no process " + text + "; see: track ps");
  return pid;
}

int doctor(const DoctorSettings& settings) {
  write::Page page(text_options(settings.output, STDOUT_FILENO));
  Checkup checkup(page);
  check_library(checkup);
  if (all_digits(settings.target) && access(settings.target.c_str(), F_OK) != 0)
    check_process(checkup, parse_pid(settings.target));
  else if (!settings.target.empty())
    check_binary(checkup, process::inspect_command(settings.target));
  if (!settings.output.json.empty())
    write::write_file(settings.output.json, write::dump_json({{"schema_version", 1},
                                                              {"target", settings.target},
                                                              {"ok", !checkup.failed()},
                                                              {"checks", checkup.checks()}}));
  if (settings.output.json != "-") print(page.take());
  return checkup.failed() ? kToolError : kClean;
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<DoctorSettings>();
  CLI::App* verb = app.add_subcommand("doctor", "what can and cannot be tracked here, and why");
  verb->add_option("TARGET", settings->target, "command, executable or PID");
  add_output_flags(*verb, settings->output);
  verb->callback([settings, &exit_code] { exit_code = doctor(*settings); });
}

}  // namespace track::verbs
