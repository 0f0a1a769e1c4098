#include "cli/process/schedule.h"

#include <fstream>
#include <string>

#include "cli/process/proc.h"

namespace track::process {

Schedule schedule_of(pid_t pid, pid_t tid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) +
                     "/schedstat");
  Schedule schedule;
  if (!(file >> schedule.cpu_ns >> schedule.queue_ns >> schedule.slices)) return {};
  schedule.known = true;
  return schedule;
}

void read_schedules(Trace& trace) {
  size_t asked = 0;
  bool known = false;
  for (Thread& thread : trace.threads) {
    if (thread.tid == 0 || thread.state == TaskState::ended || ++asked > kMostSchedules) continue;
    thread.schedule = schedule_of(trace.pid, thread.tid);
    known = known || thread.schedule.known;
  }
  if (asked != 0 && !known)
    trace.not_visible.emplace_back(
        "how long threads wait for a CPU: the kernel keeps no account "
        "(/proc/PID/task/TID/schedstat)");
}

std::vector<ScheduleLevel> schedule_levels(pid_t pid, uint64_t now_ns) {
  std::vector<ScheduleLevel> levels;
  for (const pid_t tid : thread_ids(pid)) {
    if (levels.size() == kMostSchedules) break;
    if (const Schedule schedule = schedule_of(pid, tid); schedule.known)
      levels.push_back({now_ns, tid, schedule.queue_ns});
  }
  return levels;
}

}  // namespace track::process
