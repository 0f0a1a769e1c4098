#include "cli/analyze/growing_memory.h"

#include <algorithm>
#include <map>
#include <string>

#include "cli/analyze/group.h"
#include "cli/analyze/trend.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

// Memory rises and falls with everything a program does: less than this in all is not worth a word,
// and it must be so much more than it was.
constexpr uint64_t kLeastBytes = 16 << 10;
constexpr double kLeastFactor = 1.2, kLeastFactorOfTwo = 2;

struct Taken {
  uint64_t blocks = 0, bytes = 0;
};

struct Origin {
  std::vector<Taken> looks;
  StackIndex allocated_at = 0;  // of the last look
};
using Origins = std::map<std::string, Origin>;  // by the allocation's place, in words

void add_look(Origins& origins, const ProcessReport& process, size_t number, size_t looks) {
  std::map<StackIndex, Origin*> known;
  for (const HeapSite& site : process.trace.heap.sites) {
    if (site.allocated_at == 0) continue;  // all that is unknown is no origin
    Origin*& origin = known[site.allocated_at];
    if (origin == nullptr) {
      std::string text;
      for (const StackLine& line :
           stack_lines(process.trace, process.symbols, site.allocated_at, Prune::plumbing))
        text += line_text(line) + "\n";
      origin = &origins[text];
      origin->looks.resize(looks);
    }
    origin->looks[number].blocks += site.count;
    origin->looks[number].bytes += site.count * site.block_bytes;
    if (number + 1 == looks && origin->allocated_at == 0) origin->allocated_at = site.allocated_at;
  }
}

bool grows(const Origin& origin) {
  const std::vector<Taken>& looks = origin.looks;
  for (size_t i = 1; i < looks.size(); ++i)
    if (looks[i].bytes <= looks[i - 1].bytes) return false;
  const uint64_t first = looks.front().bytes, last = looks.back().bytes;
  const double factor = looks.size() > 2 ? kLeastFactor : kLeastFactorOfTwo;
  return (looks.size() > 2 || first != 0) && last >= first + kLeastBytes &&
         static_cast<double>(last) >= factor * static_cast<double>(first);
}

Finding describe(const Origin& origin, std::span<const ProcessReport* const> looks) {
  const ProcessReport& process = *looks.back();
  const Trace& trace = process.trace;
  const Taken& last = origin.looks.back();
  Finding finding;
  finding.rule = Rule::growing_memory;
  finding.evidence = Evidence::suspected;
  finding.count = last.blocks;
  finding.bytes_held = last.bytes;
  finding.created_at = origin.allocated_at;
  finding.title = bytes_text(last.bytes) + " in " + count_text(last.blocks, "block") +
                  " of one origin, and it becomes more";
  std::string amounts;
  std::vector<TrendPoint> points;
  for (size_t i = 0; i < looks.size(); ++i) {
    amounts += (amounts.empty() ? "" : ", ") + bytes_text(origin.looks[i].bytes);
    points.push_back({looks[i]->trace.taken_ns, origin.looks[i].bytes});
  }
  finding.because.push_back("it was " + amounts + " at " + count_text(looks.size(), "look") +
                            " within " +
                            duration_text(trace.taken_ns - looks.front()->trace.taken_ns));
  if (const std::string pace = growth_text(points, bytes_text); !pace.empty())
    finding.because.push_back(pace);
  finding.fingerprint = fingerprint(finding, trace, process.symbols);
  return finding;
}

}  // namespace

std::vector<Finding> find_growing_memory(std::span<const ProcessReport* const> looks) {
  std::vector<Finding> findings;
  const bool recorded = std::all_of(looks.begin(), looks.end(), [](const ProcessReport* look) {
    return look->trace.heap.record == HeapRecord::kept;
  });
  if (looks.size() < 2 || !recorded) return findings;
  Origins origins;
  for (size_t i = 0; i < looks.size(); ++i) add_look(origins, *looks[i], i, looks.size());
  for (const auto& [place, origin] : origins)
    if (grows(origin)) findings.push_back(describe(origin, looks));
  std::sort(findings.begin(), findings.end(),
            [](const Finding& a, const Finding& b) { return a.bytes_held > b.bytes_held; });
  return findings;
}

}  // namespace track::analyze
