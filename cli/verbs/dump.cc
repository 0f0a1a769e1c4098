// `track dump`: a process, recording or core file as one file that says everything by itself.
#include "cli/write/dump.h"

#include <fmt/format.h>

#include <memory>

#include "cli/model/words.h"
#include "cli/read/clock.h"
#include "cli/verbs/load.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"

namespace track::verbs {
namespace {

struct DumpSettings {
  std::string target, file;
  SymbolSettings symbols;
  bool no_memory = false;
};

std::string summary(const std::vector<Loaded>& processes, const std::string& file, uint64_t bytes) {
  uint64_t threads = 0, coroutines = 0, fibers = 0, held_ns = 0;
  for (const Loaded& loaded : processes) {
    const Trace& trace = loaded.report.trace;
    threads += trace.threads.size();
    coroutines += trace.coroutines.size();
    fibers += trace.fibers.size();
    held_ns += trace.pause_ns + loaded.fixpoint.held_ns;
  }
  std::string text =
      fmt::format("{}: {}, {}", file, bytes_text(bytes),
                  processes.size() == 1 ? fmt::format("process {}", processes[0].report.trace.pid)
                                        : fmt::format("{} processes", processes.size()));
  text += ", " + count_text(threads, "thread") + ", " + count_text(coroutines, "coroutine");
  if (fibers != 0) text += ", " + count_text(fibers, "fiber");
  if (held_ns != 0) text += "; held for " + duration_text(held_ns);
  return text + "\n";
}

// Nothing of what stood in the process's memory: neither the words of its locks and on the ways to
// kept tasks, nor the arguments it was started with. What was found out by reading memory stays:
// addresses, owners, functions, types.
void forget_memory(Loaded& loaded) {
  Trace& trace = loaded.report.trace;
  for (std::vector<RetentionStep>& way : loaded.fixpoint.retentions)
    for (RetentionStep& step : way) step.head = step.target = 0;
  trace.memory.clear();
  trace.memory_read = false;
  if (trace.command_line.size() > 1) trace.command_line.resize(1);
  trace.not_visible.emplace_back(
      "the process's memory, and the arguments of its command: the dump was made with --no-memory");
}

void dump(const DumpSettings& settings) {
  // Said before the process is looked at, not after.
  write::require_writable(settings.file);
  SymbolSettings symbols = settings.symbols;
  symbols.heap = symbols.contention = symbols.history = symbols.schedules = true;
  std::vector<Loaded> processes = load_target(settings.target, symbols, true);
  if (settings.no_memory)
    for (Loaded& loaded : processes) forget_memory(loaded);
  const uint64_t bytes = write_dump(settings.file, processes);
  if (settings.file != "-") print(summary(processes, settings.file, bytes));
}

}  // namespace

uint64_t write_dump(const std::string& file, const std::vector<Loaded>& processes) {
  const std::string bytes = write::dump_bytes(processes, read::realtime_now_ns());
  write::write_file(file, bytes);
  return bytes.size();
}

void add_dump(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<DumpSettings>();
  CLI::App* verb = app.add_subcommand(
      "dump", "all that can be told now, in one file: to look at later, and elsewhere");
  verb->add_option("TARGET", settings->target,
                   "PID (prepared or not), recording, directory or core file")
      ->required();
  verb->add_option("-o,--output", settings->file, "file to write (- = standard output)")
      ->required();
  verb->add_flag("--no-memory", settings->no_memory,
                 "keep no byte of the process's memory: neither lock words nor arguments");
  add_symbol_flags(*verb, settings->symbols);
  add_pause_flag(*verb, settings->symbols);
  verb->callback([settings, &exit_code] {
    dump(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
