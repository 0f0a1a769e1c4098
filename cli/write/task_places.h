// What a task does and where, on one line: the last column of a table of tasks.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "cli/write/tasks.h"

namespace track::write {

// Of one process, which must not change while this lives.
class TaskPlaces {
 public:
  TaskPlaces(const ProcessReport& process, const TaskNotes& notes)
      : process_(process), notes_(notes) {}

  const std::string& where(StackIndex stack);     // as where_text(), each stack once
  const std::string& origin(const TaskRow& row);  // who created it
  std::string what(const TaskRow& row);

 private:
  std::string coroutine_place(const TaskRow& row) const;

  const ProcessReport& process_;
  const TaskNotes& notes_;
  std::unordered_map<StackIndex, std::string> where_;
  std::map<std::pair<StackIndex, std::string>, std::string> origins_;
};

}  // namespace track::write
