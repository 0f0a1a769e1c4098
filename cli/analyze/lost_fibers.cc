#include "cli/analyze/lost_fibers.h"

#include <algorithm>
#include <map>

#include "cli/analyze/group.h"
#include "cli/analyze/stuck.h"
#include "cli/model/words.h"

namespace track::analyze {

bool is_lost(const Fiber& fiber, const Marker& marker) {
  if (fiber.state != TaskState::suspended || fiber.context == 0) return false;
  const Cell stack = marker.map().find(fiber.stack_high - 8);
  const Cell context = marker.map().find(fiber.context);
  return stack != kNoCell && context != kNoCell && !marker.reached(stack) &&
         !marker.reached(context) && marker.map().is_block(stack);
}

bool may_be_resumed(uint32_t fiber, const Trace& trace, const Marker& marker) {
  return std::none_of(trace.fibers.begin(), trace.fibers.end(),
                      [&](const Fiber& f) { return f.id == fiber && is_lost(f, marker); });
}

std::vector<LostFiber> lost_fibers(const Trace& trace, const Marker& marker) {
  std::vector<LostFiber> result;
  for (const Fiber& fiber : trace.fibers) {
    if (!is_lost(fiber, marker)) continue;
    const uint64_t last = fiber.stack_high - 8;
    result.push_back(
        {fiber.id, fiber.switches, last, marker.map().at(marker.map().find(last)).bytes});
  }
  return result;
}

std::vector<Finding> find_lost_fibers(const Trace& trace, const Symbols& symbols,
                                      const Fixpoint& fixpoint) {
  std::map<std::pair<StackIndex, StackIndex>, Finding> groups;
  Places places(trace, symbols);
  for (const LostFiber& lost : fixpoint.fibers) {
    const auto fiber = std::find_if(trace.fibers.begin(), trace.fibers.end(), [&](const Fiber& f) {
      return f.id == lost.id && f.switches == lost.switches;
    });
    if (fiber == trace.fibers.end()) continue;
    const StackIndex created_at = places.of(fiber->created_at), at = places.of(fiber->suspended_at);
    Finding& finding = groups[{created_at, at}];
    finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
    finding.created_at = created_at;
    finding.blocked_at = at;
    finding.bytes_held += lost.held_bytes;
    add_task(finding, trace, *fiber);
  }
  std::vector<Finding> findings;
  for (auto& [key, finding] : groups) {
    const bool one = finding.count == 1;
    finding.rule = Rule::stuck_task;
    finding.evidence = evidence_of(fixpoint);
    finding.title = count_text(finding.count, "fiber") + created_in(finding, trace, symbols) +
                    " can never be resumed: nobody is left who refers to " + (one ? "it" : "them");
    finding.because.push_back(
        std::string(one ? "it is" : "they are") +
        " suspended, and nothing that can go on refers to " + (one ? "its stack" : "their stacks") +
        " (" + bytes_text(finding.bytes_held) +
        ") or to the registers saved there, directly or through other memory");
    add_scan_reasons(finding, fixpoint);
    set_ages(finding);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace track::analyze
