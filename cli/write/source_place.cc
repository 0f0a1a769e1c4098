#include "cli/write/source_place.h"

#include <vector>

namespace track::write {
namespace {

// Of these the place where it hangs is the one to look at; of others, where the task began.
bool hangs(Rule rule) {
  return rule == Rule::deadlock || rule == Rule::stuck_task || rule == Rule::lock_order ||
         rule == Rule::lock_across_await || rule == Rule::pool_exhausted;
}

class Places {
 public:
  explicit Places(const ProcessReport& process) : process_(process) {}

  void add(StackIndex stack) {
    if (stack == 0) return;
    for (const StackLine& line :
         stack_lines(process_.trace, process_.symbols, stack, Prune::plumbing))
      add({line.file, line.line, line.function});
  }

  void add_awaits(const Finding& finding) {
    const Trace& trace = process_.trace;
    for (const AwaitFrame& frame : finding.await_chain)
      if (frame.self && frame.await_point < trace.await_points.size() &&
          frame.function < trace.functions.size()) {
        const AwaitPoint& point = trace.await_points[frame.await_point];
        add({point.file, point.line, trace.functions[frame.function]});
      }
  }

  std::optional<SourcePlace> best(const SourceRoot& root) const {
    for (const SourcePlace& place : places_)
      if (place.line != 0 && root.below(place.file)) return place;
    if (places_.empty()) return std::nullopt;
    return places_.front();
  }

 private:
  void add(SourcePlace place) {
    if (!place.file.empty()) places_.push_back(std::move(place));
  }

  const ProcessReport& process_;
  std::vector<SourcePlace> places_;
};

}  // namespace

std::optional<SourcePlace> place_of(const ProcessReport& process, const Finding& finding,
                                    const SourceRoot& root) {
  Places places(process);
  // What a coroutine's stack begins with may be an allocator; its co_await is its own.
  if (!hangs(finding.rule)) places.add_awaits(finding);
  if (!hangs(finding.rule)) places.add(finding.created_at);
  places.add(finding.blocked_at);
  places.add_awaits(finding);
  if (hangs(finding.rule))
    for (const FindingTask& task : finding.tasks) places.add(task.blocked_at);
  places.add(finding.created_at);
  for (const FindingTask& task : finding.tasks) places.add(task.created_at);
  return places.best(root);
}

}  // namespace track::write
