#include "cli/process/frame_heads.h"

#include <cstring>

#include "cli/process/frame_code.h"

namespace track::process {
namespace {

// `orw $1,off(%rdi)` and a jump to the resume function: GCC's destroy. 0 = it is not that.
uint64_t stub_target(const ImageMemory& memory, uint64_t destroy) {
  uint8_t code[16] = {};
  if (memory.read_some(destroy, code, sizeof code) != sizeof code) return 0;
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

void look_alike(const PairCode& code, FrameVerdict& verdict) {
  if (!code.functions) {
    if (code.alike) verdict.certainty = FrameCertainty::structural;
    return;
  }
  verdict.freed_bytes = code.functions->freed_bytes;
  verdict.used_bytes = code.functions->used_bytes;
  const FrameLikeness likeness = code.functions->likeness;
  if (likeness == FrameLikeness::alike) verdict.certainty = FrameCertainty::structural;
  if (likeness == FrameLikeness::strong) verdict.certainty = FrameCertainty::shaped;
}

}  // namespace

FrameJudge::FrameJudge(Trace& trace, const ImageMemory* memory, const CodeLookup& code)
    : trace_(trace), memory_(memory), code_(code) {
  for (uint32_t i = 1; i < trace.functions.size(); ++i) functions_[trace.functions[i]] = i;
}

const FrameVerdict& FrameJudge::of(const FrameHead& head) {
  const auto [entry, fresh] = known_.try_emplace(head);
  if (fresh) entry->second = judge(head);
  return entry->second;
}

uint32_t FrameJudge::intern(const std::string& function) {
  if (function.empty()) return 0;
  const auto [entry, fresh] =
      functions_.try_emplace(function, static_cast<uint32_t>(trace_.functions.size()));
  if (fresh) trace_.functions.push_back(function);
  return entry->second;
}

// Of what has no name that decides.
const PairCode& FrameJudge::code_of(const FrameHead& head) const {
  constexpr size_t kMostKnown = 1 << 16;
  if (code_.known->size() > kMostKnown) code_.known->clear();
  const auto [entry, fresh] = code_.known->try_emplace({head.resume, head.destroy});
  PairCode& code = entry->second;
  if (!fresh) return code;
  const CodeEvidence evidence = frame_code(*memory_, trace_.modules, head.resume, head.destroy);
  code.exact = evidence == CodeEvidence::exact;
  code.alike = evidence == CodeEvidence::alike;
  if (!code.exact && code_.pair) code.functions = code_.pair(head.resume, head.destroy);
  return code;
}

FrameVerdict FrameJudge::judge(const FrameHead& head) {
  FrameVerdict verdict;
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
  verdict.certainty = FrameCertainty::pair;
  // A name that says otherwise counts for more than the looks of the code.
  const bool named_otherwise = destroy.other || resume.other;
  if (!known && !named_otherwise && memory_ != nullptr) {
    const PairCode& code = code_of(head);
    known = code.exact;
    if (!known) look_alike(code, verdict);
  }
  if (known) verdict.certainty = FrameCertainty::known;
  // {null, code pointer} alone is what many plain objects look like.
  verdict.frame = known || (!verdict.done && !named_otherwise);
  return verdict;
}

}  // namespace track::process
