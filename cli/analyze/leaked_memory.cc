// `leaked-memory`: blocks that nothing refers to, LeakSanitizer's question. Indirect ones, which
// only leaked blocks refer to, count with the block that leads to them.
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

}  // namespace

std::vector<Finding> find_leaked_memory(const Symbols& symbols, const Fixpoint& fixpoint) {
  std::vector<Finding> findings;
  for (const LeakedBlocks& leaked : fixpoint.leaked) {
    Finding finding;
    finding.rule = Rule::leaked_memory;
    finding.evidence = evidence_of(fixpoint);
    finding.count = leaked.count;
    finding.bytes_held = leaked.bytes * leaked.count + leaked.indirect_bytes;
    const bool one = leaked.count == 1;
    finding.title = count_text(leaked.count, "block") + " of " + bytes_text(leaked.bytes) +
                    kind_text(leaked, symbols) + (one ? " is" : " are") + " lost";
    finding.because.push_back("nothing refers to " + std::string(one ? "it" : "them") +
                              ", no global, stack, register or block that is in use");
    if (leaked.indirect_count != 0)
      finding.because.push_back((one ? "it leads to " : "they lead to ") +
                                count_text(leaked.indirect_count, "more block") + " (" +
                                bytes_text(leaked.indirect_bytes) + ") that nothing else keeps");
    add_scan_reasons(finding, fixpoint);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace track::analyze
