#include "cli/serve/profiles.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/serve/gperftools.h"
#include "cli/serve/markup.h"
#include "cli/serve/profile_source.h"
#include "cli/serve/task_text.h"
#include "cli/verbs/names.h"
#include "cli/write/legacy_profile.h"
#include "cli/write/pprof.h"

namespace track::serve {
namespace {

constexpr std::chrono::seconds kCpuDefault{30}, kLongest{24 * 3600};

struct Described {
  const char* name;
  const char* words;
};
constexpr Described kIndex[] = {
    {"allocs", "What was ever allocated, by who allocated it."},
    {"block", "What waiting for other tasks cost, by who waited. debug=1: as text."},
    {"cmdline", "The command line of the program."},
    {"contention", "What waiting for other tasks cost, by who made them wait."},
    {"coroutines", "Coroutines that live: where each is, and who created it."},
    {"cpu", "Where processor time goes. seconds=N: for how long to look (default 30)."},
    {"heap", "Memory in use, by who allocated it."},
    {"leaks", "Findings: tasks that nobody can or will finish, and what they hold."},
    {"tasks", "Every thread, coroutine and fiber. debug=2: each with its stack."},
    {"threadcreate", "Who created threads, ended ones too."},
    {"threads", "Every thread: where it is, and who created it."},
};

// As Go's: pprof shows the text only with that header.
Reply failed(int status, const std::string& text) {
  Reply reply = plain(status, text);
  reply.headers = {{"X-Go-Pprof", "1"}};
  return reply;
}

Reply attachment(const std::string& name, std::string bytes) {
  Reply reply;
  reply.type = "application/octet-stream";
  reply.headers = {{"Content-Disposition", "attachment; filename=\"" + name + "\""}};
  reply.body = std::move(bytes);
  return reply;
}

Reply text(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  return reply;
}

// Nothing: no number.
std::optional<int64_t> number(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

std::string command_line(const Look& look) {
  std::string text;
  if (look.processes.empty()) return text;
  for (const std::string& word : look.processes.front().report.trace.command_line)
    text += (text.empty() ? "" : std::string(1, '\0')) + word;
  return text;
}

Reply symbols(Target& target, const Request& request) {
  const std::string asked = request.method == "POST" ? request.body : request.parameter("");
  if (request.method != "POST" || asked.empty()) return text(symbol_reply("", {}));
  const auto look = target.look(Needs::tasks, std::chrono::seconds(60));
  const auto alone = Target::reading();
  std::vector<std::unique_ptr<verbs::Names>> names;
  for (const Loaded& loaded : look->processes) {
    const Trace& trace = loaded.report.trace;
    names.push_back(std::make_unique<verbs::Names>(trace, target.symbols(),
                                                   trace.end == ProcessEnd::alive ? trace.pid : 0));
  }
  return text(symbol_reply(asked, [&](uint64_t address) -> std::string {
    for (const auto& one : names) {
      // Addresses in profiles are return addresses, from which readers have taken one already.
      const std::vector<std::string> found = one->code_names()(address + 1);
      if (!found.empty()) return short_function(found.front());
    }
    return "";
  }));
}

uint64_t count_of(Target& target, const verbs::ProfileType& type) {
  // An index is looked at again and again: some seconds old will do.
  const auto look = target.look(needs_of(type), std::chrono::seconds(5));
  uint64_t count = 0;
  for (const Loaded& loaded : look->processes)
    if (const auto profile = type.build(loaded, analyze::TaskStacks::both))
      for (const ProfileSample& sample : profile->samples) {
        // Of memory what is in use.
        const size_t value = std::string(type.name) == "heap" ? 2 : 0;
        count += static_cast<uint64_t>(std::max<int64_t>(0, sample.values[value]));
      }
  return count;
}

Reply index(Target& target) {
  std::string rows;
  for (const Described& one : kIndex) {
    std::string count;
    const std::string name = one.name;
    if (name != "cmdline" && name != "cpu")
      count = std::to_string(count_of(target, verbs::profile_type(name)));
    rows += fmt::format("<tr><td>{}</td><td><a href=\"{}?debug=1\">{}</a></td><td>{}</td></tr>\n",
                        count, name == "cpu" ? "profile" : name, name, one.words);
  }
  Reply reply;
  reply.type = "text/html; charset=utf-8";
  reply.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><title>/debug/pprof/</title></head><body>\n"
      "<h1>/debug/pprof/</h1>\n<p>{} (process {})</p>\n<table>\n<thead><tr><th>Count</th>"
      "<th>Profile</th><th>What it counts</th></tr></thead>\n{}</table>\n"
      "<p><a href=\"tasks?debug=2\">every task with its stack</a></p>\n"
      "<p>Go's names lead here, too: goroutine (tasks), goroutineleak (leaks), mutex (contention), "
      "profile (cpu).</p>\n</body></html>\n",
      escaped_html(target.name().program), target.name().pid, rows);
  return reply;
}

// asked: by Go's own name for it, what reads Go's dumps reads this.
std::string every_task(Target& target, const verbs::ProfileType& type, const std::string& asked) {
  const std::string name = type.name;
  std::string all;
  if (asked == "goroutine") {
    uint64_t last_number = 0;
    for (const Loaded& loaded : target.look(Needs::tasks)->processes)
      all += go_text(loaded.report, last_number);
    return all;
  }
  for (const Loaded& loaded : target.look(Needs::tasks)->processes)
    all += task_text(loaded.report, name == "threads"      ? "thread"
                                    : name == "coroutines" ? "coroutine"
                                                           : "");
  return all;
}

}  // namespace

Reply go_profile(Target& target, const std::string& name, const Request& request,
                 const Stop& stop) {
  try {
    if (name.empty()) return index(target);
    if (name == "cmdline") return text(command_line(*target.look(Needs::tasks)));
    if (name == "symbol") return symbols(target, request);
  } catch (const Error& error) {
    return failed(500, "Could not look: " + std::string(error.what()));
  }
  const verbs::ProfileType* type = nullptr;
  try {
    type = &verbs::profile_type(name);
  } catch (const Error&) {
    return failed(404, "Unknown profile");
  }
  const bool cpu = std::string(type->name) == "cpu";
  // As Go: what is no number is 0.
  const int64_t debug = cpu ? 0 : number(request.parameter("debug")).value_or(0);
  const std::string seconds = request.parameter("seconds");
  std::chrono::seconds time{};
  if (!seconds.empty()) {
    const auto value = number(seconds);
    if (cpu && (!value || *value <= 0))
      time = kCpuDefault;
    else if (!value || *value <= 0)
      return failed(400, "invalid value for \"seconds\" - must be a positive integer");
    else if (*value > kLongest.count())
      return failed(
          400, fmt::format("invalid value for \"seconds\" - at most {} (a day)", kLongest.count()));
    else
      time = std::chrono::seconds(*value);
    if (debug != 0) return failed(400, "seconds and debug params are incompatible");
    if (type->judged)
      return failed(400, "\"seconds\" parameter is not supported for this profile type");
    if (!target.name().live && !cpu) return failed(400, "\"seconds\" needs a running process");
  } else if (cpu) {
    time = kCpuDefault;
  }
  try {
    const bool change = time.count() != 0 && target.name().live;
    if (debug >= 2 && type->tasks) return text(every_task(target, *type, name));
    const Profile profile =
        change ? profile_change(target, *type, time, stop) : profile_now(target, *type);
    if (debug > 0) return text(write::legacy_profile(profile));
    return attachment(change && !cpu ? name + "-delta" : name, write::pprof_bytes(profile));
  } catch (const Error& error) {
    return failed(500, "Could not make the profile: " + std::string(error.what()));
  }
}

Reply gperftools_profile(Target& target, const std::string& name, const Request& request,
                         const Stop& stop) {
  try {
    if (name == "cmdline") {
      std::string words = command_line(*target.look(Needs::tasks));
      for (char& c : words)
        if (c == '\0') c = '\n';
      return text(words + "\n");
    }
    if (name == "symbol") return symbols(target, request);
    if (name == "profile") {
      const auto value = number(request.parameter("seconds"));
      const std::chrono::seconds time = value && *value > 0 && *value <= kLongest.count()
                                            ? std::chrono::seconds(*value)
                                            : kCpuDefault;
      const verbs::ProfileType& type = verbs::profile_type("cpu");
      return attachment("profile",
                        gperftools_cpu(target.name().live ? profile_change(target, type, time, stop)
                                                          : profile_now(target, type)));
    }
    const char* type = name == "heap"         ? "heap"
                       : name == "growth"     ? "allocs"
                       : name == "contention" ? "contention"
                                              : nullptr;
    if (type != nullptr)
      return text(write::legacy_profile(profile_now(target, verbs::profile_type(type))));
  } catch (const Error& error) {
    return failed(500, "Could not make the profile: " + std::string(error.what()));
  }
  return failed(404, "Unknown profile");
}

}  // namespace track::serve
