#include "cli/serve/targets.h"

#include <filesystem>
#include <set>

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/process/locate.h"
#include "cli/process/proc.h"
#include "cli/read/recording.h"
#include "cli/verbs/load.h"

namespace track::serve {
namespace {

constexpr std::chrono::seconds kRefresh{1};

bool written_now(const read::RecordingFile& file) {
  std::error_code error;
  for (const Mapping& mapping : process::mappings(file.pid))
    if (mapping.shared && std::filesystem::path(mapping.path).filename() ==
                              std::filesystem::path(file.path).filename())
      return true;
  return false;
}

}  // namespace

Targets::Targets(const WhatToServe& what) : what_(what) {
  std::error_code error;
  many_ = what.all || std::filesystem::is_directory(what.target, error);
  if (many_) {
    refresh();
    return;
  }
  TargetName name;
  name.target = what.target;
  name.id = what.target;
  if (verbs::all_digits(what.target) && !std::filesystem::exists(what.target, error)) {
    name.pid = static_cast<int32_t>(std::strtol(what.target.c_str(), nullptr, 10));
    process::require_readable(name.pid);
    name.live = true;
    name.program = process::command_name(name.pid);
    if (const auto place = process::find_recording(name.pid);
        place && std::filesystem::equivalent(place->path, place->original, error))
      name.recording = place->original;
  } else {
    name.id = std::filesystem::path(what.target).filename().string();
    const read::RecordingFile file = read::parse_recording_name(what.target);
    if (file.pid != 0 && written_now(file)) {
      name.pid = file.pid;
      name.live = true;
      name.recording = what.target;
    }
  }
  auto served = std::make_shared<Served>(name, what_.symbols, what_.judge, what_.control);
  // Says at once what is wrong with it.
  const auto look = served->target.look(Needs::tasks);
  if (!look->processes.empty() && name.program.empty()) {
    const Trace& trace = look->processes.front().report.trace;
    name.program = base_name(trace.program);
    name.pid = trace.pid;
    served = std::make_shared<Served>(name, what_.symbols, what_.judge, what_.control);
  }
  known_.emplace(name.id, std::move(served));
}

std::vector<TargetName> Targets::names_now() const {
  std::vector<TargetName> names;
  if (what_.all) {
    for (const process::TrackedProcess& process : process::tracked_processes()) {
      const std::string pid = std::to_string(process.pid);
      names.push_back({pid, pid, process.command, process.pid, true, process.recording});
    }
    return names;
  }
  for (const read::RecordingFile& file : read::list_recordings(what_.target)) {
    const bool live = written_now(file);
    const std::string name = live ? process::command_name(file.pid) : "";
    names.push_back({std::filesystem::path(file.path).filename().string(), file.path, name,
                     file.pid, live, file.path});
  }
  return names;
}

void Targets::refresh() {
  if (!many_ || (refreshed_ && Clock::now() - *refreshed_ < kRefresh)) return;
  std::map<std::string, std::shared_ptr<Served>> now;
  for (TargetName& name : names_now()) {
    const auto known = known_.find(name.id);
    // What ended is another target from then on: its recording, which changes no more.
    if (known != known_.end() && known->second->target.name().live == name.live)
      now.emplace(name.id, known->second);
    else
      now.emplace(name.id,
                  std::make_shared<Served>(name, what_.symbols, what_.judge, what_.control));
  }
  known_ = std::move(now);
  refreshed_ = Clock::now();
}

std::vector<std::shared_ptr<Served>> Targets::list() {
  const std::lock_guard hold(mutex_);
  refresh();
  std::vector<std::shared_ptr<Served>> all;
  for (const auto& [id, served] : known_) all.push_back(served);
  return all;
}

void Targets::forget_unused() {
  for (const auto& served : list()) served->target.forget_unused();
}

void Targets::wake() {
  const std::lock_guard hold(mutex_);
  for (const auto& [id, served] : known_) served->feed.wake();
}

std::shared_ptr<Served> Targets::find(const std::string& id) {
  const std::lock_guard hold(mutex_);
  refresh();
  if (id.empty()) return known_.size() == 1 ? known_.begin()->second : nullptr;
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : found->second;
}

}  // namespace track::serve
