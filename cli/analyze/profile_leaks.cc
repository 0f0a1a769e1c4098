#include "cli/analyze/profile_leaks.h"

#include <algorithm>
#include <utility>

#include "cli/model/profile_builder.h"

namespace track::analyze {
namespace {

class Leaks {
 public:
  Leaks(const Trace& trace, const Symbols& symbols)
      : trace_(trace), builder_(trace, symbols, "leaks") {
    Profile& profile = builder_.profile();
    profile.value_types = {{"leaks", "count"}, {"bytes_held", "bytes"}};
    profile.period_type = profile.value_types[0];
    profile.period = 1;
  }

  // One sample for each task that has stacks of its own; the rest where their group is.
  void add(const Finding& finding) {
    auto rest = static_cast<int64_t>(finding.count);
    auto bytes = static_cast<int64_t>(finding.bytes_held);
    if (!is_of_memory(finding.rule))
      for (const FindingTask& task : finding.tasks) {
        if (rest == 0) break;
        if (task.kind != TaskKind::thread || (task.created_at == 0 && task.blocked_at == 0))
          continue;
        std::vector<ProfileLabel> labels = labels_of(finding, &task);
        builder_.add(
            builder_.joined(builder_.stack(task.blocked_at), builder_.stack(task.created_at)),
            std::move(labels), {1, std::exchange(bytes, 0)});
        --rest;
      }
    if (rest == 0) return;
    const FindingTask* sample = finding.tasks.empty() ? nullptr : &finding.tasks.front();
    std::vector<uint32_t> where = await_stack(finding);
    if (where.empty()) where = builder_.stack(finding.blocked_at);
    std::vector<uint32_t> created = builder_.stack(finding.created_at);
    // Of memory there is only who allocated it.
    builder_.add(is_of_memory(finding.rule) ? std::move(created)
                                            : builder_.joined(std::move(where), created),
                 labels_of(finding, sample), {rest, bytes});
  }

  Profile finish() { return builder_.finish(); }

 private:
  std::vector<ProfileLabel> labels_of(const Finding& finding, const FindingTask* task) {
    std::vector<ProfileLabel> labels = {text_label("rule", rule_name(finding.rule)),
                                        text_label("evidence", evidence_name(finding.evidence))};
    if (!finding.test.empty()) labels.push_back(text_label("test", finding.test));
    if (is_of_memory(finding.rule)) {
      labels.push_back(text_label("kind", "memory"));
    } else if (task != nullptr) {
      labels.push_back(text_label("kind", task_kind_name(task->kind)));
      labels.push_back(text_label("state", task_state_name(task->state)));
      if (task->kind == TaskKind::thread && !task->name.empty())
        labels.push_back(text_label("name", task->name));
      if (task->age_ns != 0) labels.push_back(age_label(task->age_ns));
    }
    return labels;
  }

  // From the finding's own task to the one that nobody awaits.
  std::vector<uint32_t> await_stack(const Finding& finding) {
    std::vector<uint32_t> stack;
    auto frame = std::find_if(finding.await_chain.begin(), finding.await_chain.end(),
                              [](const AwaitFrame& one) { return one.self; });
    for (; frame != finding.await_chain.end(); ++frame) {
      std::string function = "(coroutine of unknown function)", file;
      uint32_t line = 0;
      if (frame->function != 0 && frame->function < trace_.functions.size())
        function = trace_.functions[frame->function];
      if (frame->await_point < trace_.await_points.size()) {
        file = trace_.await_points[frame->await_point].file;
        line = trace_.await_points[frame->await_point].line;
      }
      stack.push_back(builder_.line(function, file, line));
    }
    return stack;
  }

  const Trace& trace_;
  ProfileBuilder builder_;
};

}  // namespace

Profile profile_leaks(const Trace& trace, const Symbols& symbols,
                      const std::vector<Finding>& findings) {
  Leaks leaks(trace, symbols);
  for (const Finding& finding : findings)
    if (finding.suppressed_by.empty()) leaks.add(finding);
  return leaks.finish();
}

}  // namespace track::analyze
