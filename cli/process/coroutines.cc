// The first two words of a coroutine frame are its resume and destroy functions. A pair is a
// frame's when symbols say so, or when destroy is GCC's stub that jumps to resume.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "cli/process/memory.h"
#include "cli/process/observe.h"

namespace track::process {
namespace {

struct Head {
  uint64_t resume = 0;
  uint64_t destroy = 0;
  bool operator==(const Head&) const = default;
};
struct HeadHash {
  size_t operator()(const Head& head) const {
    return (head.resume * 0x9e3779b97f4a7c15u) ^ (head.destroy + (head.resume >> 29));
  }
};

struct Verdict {
  bool frame = false;
  bool done = false;
  FrameCertainty certainty = FrameCertainty::recorded;
  uint32_t function = 0;
};

// `orw $1,off(%rdi)` and a jump to the resume function: GCC's destroy. 0 = it is not that.
uint64_t stub_target(const Memory& memory, uint64_t destroy) {
  uint8_t code[16] = {};
  if (!memory.read(destroy, code, sizeof code)) return 0;
  size_t at = 0;
  if (std::memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0) at = 4;  // endbr64
  if (code[at] != 0x66 || code[at + 1] != 0x83) return 0;
  size_t jump = 0;
  if (code[at + 2] == 0x4f && code[at + 4] == 1)
    jump = at + 5;
  else if (code[at + 2] == 0x8f && at + 12 <= sizeof code && code[at + 7] == 1)
    jump = at + 8;
  if (jump == 0 || jump + 5 > sizeof code || code[jump] != 0xe9) return 0;
  int32_t relative = 0;
  std::memcpy(&relative, code + jump + 1, 4);
  return destroy + jump + 5 + static_cast<uint64_t>(int64_t{relative});
}

class Judge {
 public:
  Judge(Trace& trace, const Memory* memory, const CodeLookup& code)
      : trace_(trace), memory_(memory), code_(code) {
    for (uint32_t i = 1; i < trace.functions.size(); ++i) functions_[trace.functions[i]] = i;
  }

  const Verdict& of(const Head& head) {
    const auto [entry, fresh] = known_.try_emplace(head);
    if (fresh) entry->second = judge(head);
    return entry->second;
  }

 private:
  uint32_t intern(const std::string& function) {
    if (function.empty()) return 0;
    const auto [entry, fresh] =
        functions_.try_emplace(function, static_cast<uint32_t>(trace_.functions.size()));
    if (fresh) trace_.functions.push_back(function);
    return entry->second;
  }

  Verdict judge(const Head& head) {
    Verdict verdict;
    if (head.destroy == 0) return verdict;
    const CodeFact destroy = code_(head.destroy);
    const CodeFact resume = head.resume == 0 ? CodeFact{} : code_(head.resume);
    if (!destroy.code || (head.resume != 0 && !resume.code)) return verdict;
    verdict.done = head.resume == 0;
    verdict.function = intern(destroy.function.empty() ? resume.function : destroy.function);
    bool known = destroy.coroutine && (verdict.done || resume.coroutine);
    if (!known && memory_ != nullptr) {
      const uint64_t target = stub_target(*memory_, head.destroy);
      known = target != 0 && (verdict.done ? code_(target).code : target == head.resume);
    }
    verdict.certainty = known ? FrameCertainty::known : FrameCertainty::structural;
    // {null, code pointer} alone is what many plain objects look like.
    verdict.frame = known || (!verdict.done && !destroy.other && !resume.other);
    return verdict;
  }

  Trace& trace_;
  const Memory* memory_;
  const CodeLookup& code_;
  std::unordered_map<Head, Verdict, HeadHash> known_;
  std::unordered_map<std::string, uint32_t> functions_;
};

void name_from_site(Coroutine& coroutine, Judge& judge) {
  const Verdict& learned = judge.of({coroutine.resume, coroutine.destroy});
  coroutine.certainty = FrameCertainty::recorded;
  coroutine.function = learned.function;
}

// False: the block is no frame.
bool apply_head(Coroutine& coroutine, const Head& head, Judge& judge) {
  const Verdict verdict = judge.of(head);
  if (!verdict.frame) {
    // A block without a head from a site of frames only: one is being built or torn down just now.
    name_from_site(coroutine, judge);
    const Verdict& learned = judge.of({coroutine.resume, coroutine.destroy});
    return !coroutine.site_mixed && learned.certainty == FrameCertainty::known;
  }
  const Verdict learned = judge.of({coroutine.resume, coroutine.destroy});
  coroutine.created_at_doubtful = learned.function != 0 && verdict.function != 0 &&
                                  learned.function != verdict.function && !coroutine.site_mixed;
  coroutine.resume = head.resume;
  coroutine.destroy = head.destroy;
  coroutine.certainty = verdict.certainty;
  coroutine.function = verdict.function;
  coroutine.state = verdict.done ? TaskState::done : TaskState::suspended;
  return verdict.certainty == FrameCertainty::known || !coroutine.site_mixed;
}

}  // namespace

void inspect_coroutines(Trace& trace, bool live, const CodeLookup& code) {
  std::vector<Coroutine>& all = trace.coroutines;
  if (all.empty()) return;
  const Memory memory(trace.pid);
  const bool readable = live && trace.memory_read;
  Judge judge(trace, readable ? &memory : nullptr, code);
  if (!readable) {
    for (Coroutine& coroutine : all) name_from_site(coroutine, judge);
    std::erase_if(all, [](const Coroutine& c) { return c.site_mixed; });
    return;
  }
  if (!std::is_sorted(all.begin(), all.end(),
                      [](const Coroutine& a, const Coroutine& b) { return a.address < b.address; }))
    std::sort(all.begin(), all.end(),
              [](const Coroutine& a, const Coroutine& b) { return a.address < b.address; });
  std::vector<uint64_t> addresses(all.size());
  std::transform(all.begin(), all.end(), addresses.begin(),
                 [](const Coroutine& c) { return c.address; });
  std::vector<Head> heads(all.size());
  std::vector<bool> found;
  memory.read_each(addresses, sizeof(Head), std::as_writable_bytes(std::span(heads)), found);
  size_t kept = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    bool keep = true;
    if (found[i])
      keep = apply_head(all[i], heads[i], judge);
    else
      name_from_site(all[i], judge);
    if (!keep) continue;
    if (kept != i) all[kept] = std::move(all[i]);
    ++kept;
  }
  all.resize(kept);
}

}  // namespace track::process
