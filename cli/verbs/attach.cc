// `track attach` and `track detach`: a running process that nobody prepared is recorded from now
// on, and is left as it was.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/model/words.h"
#include "cli/process/image.h"
#include "cli/process/injection.h"
#include "cli/process/library_inside.h"
#include "cli/process/locate.h"
#include "cli/process/proc.h"
#include "cli/process/safe_point.h"
#include "cli/process/untracked.h"
#include "cli/verbs/names.h"
#include "cli/verbs/places.h"
#include "cli/verbs/tracker_options.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

using wire::AttachRequest;
using wire::AttachResult;

// For a thread to come by a place where it may be borrowed.
constexpr auto kAttachPatience = std::chrono::seconds(3);
constexpr auto kBetweenTries = std::chrono::milliseconds(50);

struct AttachSettings {
  pid_t pid = 0;
  std::string library;
  TrackerOptions options;
};

std::string name_of(pid_t pid) {
  return fmt::format("process {} ({})", pid, process::command_name(pid));
}

std::string environment_of(pid_t pid, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  for (std::string entry; std::getline(file, entry, '\0');)
    if (entry.starts_with(key + "=")) return entry.substr(key.size() + 1);
  return {};
}

AttachRequest request_for(const AttachSettings& settings) {
  AttachRequest request{};
  request.version = wire::kAttachVersion;
  request.blocked_signals =
      std::strtoull(process::status_field(settings.pid, "SigBlk").c_str(), nullptr, 16);
  const std::string options = settings.options.text();
  const std::string runtime = environment_of(settings.pid, "XDG_RUNTIME_DIR");
  if (options.size() >= sizeof request.options) throw Error("the options are too long");
  options.copy(request.options, options.size());
  if (runtime.size() < sizeof request.runtime_dir)
    runtime.copy(request.runtime_dir, runtime.size());
  return request;
}

process::SafePoints safe_points_of(pid_t pid, ProcessImage& image) {
  const Trace trace = process::trace_of(image);
  Names names(trace, SymbolSettings{}, pid);
  return process::find_safe_points(trace, image, names.function_lookup());
}

process::InjectionResult call_inside(const AttachSettings& settings,
                                     const process::LibrarySource& library,
                                     const std::string& function) {
  if (process::status_field(settings.pid, "State").starts_with('T'))
    throw Error(name_of(settings.pid) +
                " is stopped (by a signal such as SIGSTOP): let it go on, " + "kill -CONT " +
                std::to_string(settings.pid) + ", and try again");
  const AttachRequest request = request_for(settings);
  const auto deadline = std::chrono::steady_clock::now() + kAttachPatience;
  for (;;) {
    ProcessImage image = process::look_at_process(settings.pid);
    const process::SafePoints points = safe_points_of(settings.pid, image);
    if (!points.threads.empty()) {
      try {
        return process::inject(settings.pid, image, points.threads, library, function, request);
      } catch (const process::NoThread&) {
        if (std::chrono::steady_clock::now() > deadline) throw;
      }
    } else if (std::chrono::steady_clock::now() > deadline) {
      throw Error("no thread of " + name_of(settings.pid) +
                  " sleeps where it may be disturbed, for three seconds now (" + points.why_not +
                  "); try again, or start it with `track run -- CMD`");
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

process::LibrarySource loaded(pid_t pid, const Module& tracker, const std::string& function) {
  process::LibrarySource source;
  source.function = process::function_inside(pid, tracker, function);
  if (source.function == 0)
    throw Error(tracker.path + ", loaded by " + name_of(pid) + ", is of another make: it has no " +
                function);
  return source;
}

// Where the process sees our library, by its path; else from memory, and where it cannot name that
// for want of a /proc, from a file that is gone again at once.
process::InjectionResult call_attach(const AttachSettings& settings) {
  const pid_t pid = settings.pid;
  constexpr const char* kFunction = "track_attach";
  const bool has_proc = process::sees_itself_in_proc(pid);
  process::LibrarySource source;
  const auto tracker = process::tracker_inside(pid);
  if (tracker) source = loaded(pid, *tracker, kFunction);
  if (!has_proc)
    for (const auto& [number, tid] : process::threads_by_own_number(pid))
      source.thread_numbers.push_back(number);
  if (tracker) return call_inside(settings, source, kFunction);
  const std::string inside = "/proc/" + std::to_string(pid) + "/root" + settings.library;
  const std::string file = settings.library.empty() ? find_library() : inside;
  if (settings.library.empty() || access(file.c_str(), R_OK) == 0) {
    source.bytes = process::loadable_bytes(file);
    process::require_versions(pid, source.bytes);
  }
  source.path = settings.library;
  if (source.path.empty() && process::sees_file(pid, file)) source.path = file;
  if (!source.path.empty()) return call_inside(settings, source, kFunction);
  if (has_proc) {
    try {
      return call_inside(settings, source, kFunction);
    } catch (const process::NoFileInMemory&) {
    }
  }
  const process::PrivateCopy copy(pid, source.bytes, environment_of(pid, "XDG_RUNTIME_DIR"));
  source.path = copy.path();
  return call_inside(settings, source, kFunction);
}

[[noreturn]] void refuse_privileged(pid_t pid) {
  throw Error(name_of(pid) +
              " gained privileges when it was executed (set-user-ID, set-group-ID, capabilities): "
              "it is not to be recorded");
}

[[noreturn]] void refuse(pid_t pid, const AttachRequest& answer) {
  const std::string who = name_of(pid);
  switch (answer.result) {
    case AttachResult::recorded_already:
      throw Error(who + " is recorded already: see `track ps " + std::to_string(pid) + "`");
    case AttachResult::other_options:
      throw Error(who + " was attached to before, with the options `" + answer.text +
                  "`, which cannot change: give the same again");
    case AttachResult::no_recording:
      throw Error(who + " cannot make a recording" +
                  (answer.text[0] != 0 ? " in " + std::string(answer.text) : "") +
                  ": no room, or its directory (option dir, $XDG_RUNTIME_DIR/track or "
                  "/tmp/track-UID) is not its own; name another with --dir");
    case AttachResult::not_attached:
      throw Error(who + " is not recorded: there is nothing to detach from");
    case AttachResult::preloaded:
      throw Error(who +
                  " was started with libtrack.so, which stays for its lifetime; only what "
                  "`track attach` began can be ended");
    case AttachResult::privileged:
      refuse_privileged(pid);
    case AttachResult::foreign_version:
      throw Error("the libtrack.so in " + who + " is of another version than this track");
    case AttachResult::ending:
      throw Error(who + " is ending: it is not to be recorded any more");
    case AttachResult::none:
    case AttachResult::done:
      break;
  }
  throw Error(who + " gave no answer that is known");
}

// Said only where it is not what everybody expects: the process is not to be relied on to leave
// something behind.
std::string where_recorded(const AttachSettings& settings) {
  const auto place = process::find_recording(settings.pid);
  if (!place || !place->original.empty()) return {};
  return ", in memory alone (it can make no file in a directory of recordings: name one with "
         "--dir, as it sees it): nothing is left when it ends";
}

void attach(const AttachSettings& settings) {
  const pid_t pid = settings.pid;
  settings.options.check();
  process::require_readable(pid);
  if (process::find_recording(pid))
    throw Error(name_of(pid) + " is recorded already: see `track ps " + std::to_string(pid) + "`");
  process::require_loader(pid);
  if (process::gained_privileges(pid)) refuse_privileged(pid);
  const process::InjectionResult result = call_attach(settings);
  const AttachRequest& answer = result.request;
  if (answer.result != AttachResult::done) refuse(pid, answer);
  print(fmt::format(
      "{}: recorded from now on{}. {} of {} lead to the tracker{}; {}; thread {} was "
      "held for {}\n",
      name_of(pid), where_recorded(settings), count_text(answer.bound, "reference"),
      count_text(answer.modules, "module"),
      answer.left_alone != 0
          ? fmt::format(" ({} lead elsewhere and were left: {})", answer.left_alone, answer.text)
          : "",
      count_text(answer.threads, "thread") + " found", result.borrowed,
      duration_text(result.held_ns)));
}

void detach(const AttachSettings& settings) {
  const pid_t pid = settings.pid;
  process::require_readable(pid);
  const auto tracker = process::tracker_inside(pid);
  if (!tracker) throw Error(name_of(pid) + " is not recorded: there is nothing to detach from");
  const process::InjectionResult result =
      call_inside(settings, loaded(pid, *tracker, "track_detach"), "track_detach");
  const AttachRequest& answer = result.request;
  if (answer.result != AttachResult::done) refuse(pid, answer);
  print(fmt::format(
      "{}: not recorded any more. {} lead where they did before{}; thread {} was "
      "held for {}\n",
      name_of(pid), count_text(answer.bound, "reference"),
      answer.left_alone != 0 ? fmt::format(" ({} could not be set back)", answer.left_alone) : "",
      result.borrowed, duration_text(result.held_ns)));
}

}  // namespace

void add_attach(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<AttachSettings>();
  CLI::App* verb = app.add_subcommand("attach", "record a running process from now on");
  verb->add_option("PID", settings->pid, "the process")->required();
  verb->add_option("--library", settings->library,
                   "libtrack.so by its path inside the process's root directory (a container)");
  add_tracker_flags(*verb, settings->options);
  verb->add_option("--dir", settings->options.given["dir"],
                   "directory of recordings, as the process sees it");
  verb->callback([settings, &exit_code] {
    attach(*settings);
    exit_code = kClean;
  });
}

void add_detach(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<AttachSettings>();
  CLI::App* verb = app.add_subcommand("detach", "end what attach began: nothing of it goes on");
  verb->add_option("PID", settings->pid, "the process")->required();
  verb->callback([settings, &exit_code] {
    detach(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
