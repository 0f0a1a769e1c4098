// `leaked-memory`: blocks that nothing refers to, LeakSanitizer's question. Indirect ones, which
// only leaked blocks refer to, count with the block that leads to them. Grouped by the place that
// allocated them where the recording keeps it (alloc=exact), else by what they look like.
#include <map>

#include "cli/analyze/group.h"
#include "cli/analyze/stuck.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

std::string kind_text(const LeakedBlocks& leaked, const Symbols& symbols) {
  const auto known = symbols.objects.find(leaked.kind);
  if (leaked.kind == 0 || known == symbols.objects.end()) return {};
  std::string name =
      known->second.compare(0, 3, "in ") == 0 ? known->second.substr(3) : known->second;
  constexpr std::string_view kTable = "vtable for ";
  if (name.compare(0, kTable.size(), kTable) == 0) return " (" + name.substr(kTable.size()) + ")";
  return " (the first word points to " + name + ")";
}

std::string size_text(const LeakedBlocks& leaked) {
  return leaked.bytes != 0 || leaked.total_bytes == 0
             ? " of " + bytes_text(leaked.bytes)
             : " of different sizes, " + bytes_text(leaked.total_bytes) + " in all";
}

// Places that read the same are one, as for tasks.
std::vector<LeakedBlocks> by_place(const Trace& trace, const Symbols& symbols,
                                   const std::vector<LeakedBlocks>& leaked) {
  std::vector<LeakedBlocks> merged;
  std::map<StackIndex, size_t> known;
  Places places(trace, symbols);
  for (const LeakedBlocks& group : leaked) {
    const StackIndex place = places.of(group.allocated_at);
    const auto [entry, fresh] = known.try_emplace(place, merged.size());
    if (place == 0 || fresh) {
      merged.push_back(group);
      continue;
    }
    LeakedBlocks& all = merged[entry->second];
    all.count += group.count;
    all.total_bytes += group.total_bytes;
    if (all.bytes != group.bytes) all.bytes = 0;
    if (all.kind != group.kind) all.kind = 0;
    all.indirect_count += group.indirect_count;
    all.indirect_bytes += group.indirect_bytes;
  }
  return merged;
}

}  // namespace

std::vector<Finding> find_leaked_memory(const Trace& trace, const Symbols& symbols,
                                        const Fixpoint& fixpoint) {
  std::vector<Finding> findings;
  for (const LeakedBlocks& leaked : by_place(trace, symbols, fixpoint.leaked)) {
    Finding finding;
    finding.rule = Rule::leaked_memory;
    finding.evidence = evidence_of(fixpoint);
    finding.count = leaked.count;
    finding.bytes_held = leaked.total_bytes + leaked.indirect_bytes;
    finding.created_at = leaked.allocated_at;
    const bool one = leaked.count == 1;
    finding.title = count_text(leaked.count, "block") + size_text(leaked) +
                    kind_text(leaked, symbols) + (one ? " is" : " are") + " lost";
    finding.because.push_back("nothing refers to " + std::string(one ? "it" : "them") +
                              ", no global, stack, register or block that is in use");
    if (leaked.indirect_count != 0)
      finding.because.push_back((one ? "it leads to " : "they lead to ") +
                                count_text(leaked.indirect_count, "more block") + " (" +
                                bytes_text(leaked.indirect_bytes) + ") that nothing else keeps");
    if (trace.heap.record == HeapRecord::sampled)
      finding.because.push_back(
          "who allocated " + std::string(one ? "it" : "them") +
          " is not known: this recording keeps samples; alloc=exact keeps every block's stack");
    add_scan_reasons(finding, fixpoint);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace track::analyze
