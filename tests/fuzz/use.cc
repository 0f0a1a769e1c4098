#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/analyze/blockers.h"
#include "cli/analyze/contention.h"
#include "cli/analyze/growth.h"
#include "cli/analyze/judge.h"
#include "cli/analyze/timeline.h"
#include "cli/model/error.h"
#include "cli/read/dump.h"
#include "cli/verbs/profile_types.h"
#include "cli/write/chrome_trace.h"
#include "cli/write/dump.h"
#include "cli/write/firefox_profile.h"
#include "cli/write/folded.h"
#include "cli/write/hang.h"
#include "cli/write/json.h"
#include "cli/write/legacy_profile.h"
#include "cli/write/locks.h"
#include "cli/write/perfetto.h"
#include "cli/write/pprof.h"
#include "cli/write/profile_text.h"
#include "cli/write/speedscope.h"
#include "cli/write/tasks.h"
#include "cli/write/text.h"
#include "tests/fuzz/fuzz.h"

namespace track::fuzz {
namespace {

void use_profiles(const Loaded& loaded, bool for_pprof) {
  for (const char* name :
       {"tasks", "leaks", "heap", "allocs", "contention", "block", "threadcreate"}) {
    const auto profile = verbs::profile_type(name).build(loaded, analyze::TaskStacks::both);
    if (!profile) continue;
    if (for_pprof) {
      write::pprof_bytes(*profile);
      write::folded_profile(*profile, profile->shown);
      continue;
    }
    write::speedscope_profile(*profile);
    write::legacy_profile(*profile);
    write::text_profile(*profile, {profile->shown, 30, false}, {});
  }
}

void use_timeline(const ProcessReport& process, bool for_firefox) {
  const Timeline timeline = analyze::build_timeline(process.trace, process.symbols);
  if (for_firefox) {
    write::firefox_profile(timeline, process.trace, process.symbols);
    return;
  }
  write::perfetto(timeline, process.trace, process.symbols);
  write::chrome_trace(timeline);
}

// A dump of it is whole, whatever it was made of.
void use_dump(const std::vector<Loaded>& all) {
  const std::string bytes = write::dump_bytes(all, 1);
  const auto again = read::read_dump(read::Bytes::memory(std::as_bytes(std::span(bytes))), "again");
  if (again.size() != all.size() || again.front().dump.damaged) {
    std::fprintf(stderr, "what was read cannot be kept in a dump\n");
    std::abort();
  }
}

void use_report(std::vector<Loaded> all) {
  Report report;
  std::vector<const ProcessReport*> looks;
  std::vector<ContentionView> views;
  for (Loaded& loaded : all) report.processes.push_back(std::move(loaded.report));
  for (const ProcessReport& process : report.processes) {
    looks.push_back(&process);
    views.push_back(analyze::view_contention(process.trace, analyze::CostOrder::total, 0));
    analyze::view_hang(process.trace);
  }
  analyze::find_growth(looks);
  write::text_report(report, {});
  write::json_report(report);
  write::TaskFilter tree, sites;
  tree.tree = true;
  sites.by = write::GroupBy::site;
  write::text_tasks(report.processes, tree, {});
  write::text_tasks(report.processes, sites, {});
  write::json_tasks(report.processes, {});
  write::text_locks(report.processes, views, 20, {});
  write::json_locks(report.processes, views);
}

}  // namespace

InputFile::InputFile(const uint8_t* data, size_t size)
    : fd_(memfd_create("input", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
  if (fd_ < 0 || pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
}
InputFile::~InputFile() {
  close(fd_);
}

void use_loaded(std::vector<Loaded> all, const uint8_t* data, size_t size) {
  for (Loaded& loaded : all)
    loaded.report.findings = analyze::judge(loaded.report.trace, loaded.report.symbols,
                                            loaded.deadlocks, loaded.fixpoint);
  // One writer an input: which one hangs on its bytes, so that an input always does the same.
  const unsigned writer = crc32_z(0, data, size) % 6;
  switch (writer) {
    case 0:
    case 1:
      for (const Loaded& loaded : all) use_profiles(loaded, writer == 0);
      return;
    case 2:
    case 3:
      for (const Loaded& loaded : all) use_timeline(loaded.report, writer == 2);
      return;
    case 4:
      return use_dump(all);
    default:
      return use_report(std::move(all));
  }
}

void allow_refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error&) {
    // Refused, as it should be.
  }
}

void mutate_part(uint8_t* data, size_t from, size_t length) {
  std::vector<uint8_t> part(data + from, data + from + length);
  const size_t changed = LLVMFuzzerMutate(part.data(), length, length);
  std::memcpy(data + from, part.data(), std::min(changed, length));
}

}  // namespace track::fuzz
