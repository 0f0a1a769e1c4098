#include "cli/symbolize/frame_functions.h"

#include <algorithm>

#include "cli/symbolize/frame_use.h"
#include "cli/symbolize/frame_walk.h"

namespace track::symbolize {
namespace {

constexpr size_t kMostBetween = 2;  // destroy, and then the one that does not free

template <typename Set>
bool share(const Set& a, const Set& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& x) { return b.count(x) != 0; });
}

struct Part {
  FrameUse use;
  bool frees = false;    // the frame, by a function that is known to
  bool decides = false;  // where to go on, by a byte of the frame
};

Part look_at(MachineCode& code, const FunctionStarts& functions, const FreeingCalls& freeing,
             uint64_t function) {
  Part part;
  part.use = frame_use(code, functions.extent(code, function));
  part.frees = std::any_of(part.use.given_to.begin(), part.use.given_to.end(),
                           [&](uint64_t to) { return freeing.at(code, to); });
  const auto decider = walk_dispatch(code, function, nullptr, 0).decider;
  part.decides = decider && decider->bytes == 1;
  return part;
}

FrameLikeness likeness(const Part& resume, const Part& destroy) {
  const FrameUse &r = resume.use, &d = destroy.use;
  const bool asks = d.asks_head || share(r.narrow, d.narrow);
  const bool both_give = share(r.given_to, d.given_to);
  if (r.clears_head && (asks || !d.given_to.empty())) return FrameLikeness::strong;
  if (both_give &&
      ((resume.frees && destroy.frees) || (r.freed_bytes != 0 && r.freed_bytes == d.freed_bytes)))
    return FrameLikeness::strong;
  const bool alike =
      r.clears_head || asks || both_give || d.freed_bytes != 0 || (resume.decides && destroy.frees);
  return alike ? FrameLikeness::alike : FrameLikeness::none;
}

}  // namespace

FrameFunctions frame_functions(MachineCode& code, const FunctionStarts& functions,
                               const FreeingCalls& freeing, uint64_t resume, uint64_t destroy) {
  FrameFunctions result;
  const size_t last = functions.at(destroy);
  if (last == FunctionStarts::kNone) return result;
  if (resume != 0) {
    const size_t first = functions.at(resume);
    if (first == FunctionStarts::kNone || first >= last || last - first > kMostBetween)
      return result;
  }
  const Part destroys = look_at(code, functions, freeing, destroy);
  if (destroys.use.other_arguments || destroys.use.sets_head) return result;
  result.freed_bytes = static_cast<uint32_t>(destroys.use.freed_bytes);
  if (resume == 0) return result;
  const Part resumes = look_at(code, functions, freeing, resume);
  if (resumes.use.other_arguments || resumes.use.sets_head) return {};
  result.likeness = likeness(resumes, destroys);
  result.used_bytes =
      static_cast<uint32_t>(std::max(resumes.use.used_bytes, destroys.use.used_bytes));
  return result;
}

}  // namespace track::symbolize
