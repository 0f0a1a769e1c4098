#include "cli/process/schedule.h"

#include <fstream>
#include <string>

namespace track::process {

std::optional<Schedule> schedule_of(pid_t pid, pid_t tid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) +
                     "/schedstat");
  Schedule schedule;
  if (!(file >> schedule.cpu_ns >> schedule.queue_ns >> schedule.slices)) return std::nullopt;
  return schedule;
}

}  // namespace track::process
