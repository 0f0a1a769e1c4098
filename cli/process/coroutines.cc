// Recorded blocks and the frame heads in them.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "cli/model/told.h"
#include "cli/process/frame_heads.h"
#include "cli/process/live_memory.h"
#include "cli/process/memory.h"
#include "cli/process/observe.h"

namespace track::process {
namespace {

void name_from_site(Coroutine& coroutine, FrameJudge& judge) {
  const FrameVerdict& learned = judge.of({coroutine.resume, coroutine.destroy});
  coroutine.certainty = FrameCertainty::recorded;
  coroutine.function = learned.function;
}

// What destroys a frame that was seen suspended destroys a finished one.
using Destroyers = std::unordered_map<uint64_t, FrameVerdict>;

Destroyers find_destroyers(const std::vector<Coroutine>& all, const std::vector<FrameHead>& heads,
                           FrameJudge& judge) {
  Destroyers result;
  const auto add = [&](const FrameHead& head) {
    if (head.resume == 0 || head.destroy == 0) return;
    const FrameVerdict& verdict = judge.of(head);
    if (verdict.frame && verdict.certainty >= FrameCertainty::structural)
      result.try_emplace(head.destroy, verdict);
  };
  for (const Coroutine& coroutine : all) add({coroutine.resume, coroutine.destroy});
  for (const FrameHead& head : heads) add(head);
  return result;
}

// The program says what it is. False: its memory went without its destructor, and is used again.
bool apply_told(Trace& trace, Coroutine& coroutine, const FrameHead* head, FrameJudge& judge) {
  if (head != nullptr) {
    const FrameVerdict& verdict = judge.of(*head);
    if (verdict.certainty == FrameCertainty::recorded) return false;
    coroutine.resume = head->resume;
    coroutine.destroy = head->destroy;
    coroutine.function = verdict.function;
  }
  if (coroutine.function == 0) coroutine.function = told_function(trace, coroutine);
  coroutine.certainty = FrameCertainty::known;
  coroutine.in_use = true;
  coroutine.state = head != nullptr && head->resume == 0 ? TaskState::done : coroutine.told.state;
  coroutine.thread = coroutine.state == TaskState::running ? coroutine.told.thread : 0;
  return true;
}

// False: the block is no frame.
bool apply_head(Coroutine& coroutine, const FrameHead& head, const Destroyers& destroyers,
                FrameJudge& judge) {
  FrameVerdict verdict = judge.of(head);
  const FrameVerdict learned = judge.of({coroutine.resume, coroutine.destroy});
  if (const auto known = destroyers.find(head.destroy);
      !verdict.frame && head.resume == 0 && known != destroyers.end()) {
    verdict = known->second;
    verdict.done = true;
  }
  // A finished one of which no other was seen suspended: its resume function may be inlined.
  if (!verdict.frame && head.resume == 0 && !coroutine.site_mixed && verdict.freed_bytes != 0 &&
      verdict.freed_bytes == coroutine.size_bytes) {
    verdict.frame = true;
    verdict.certainty = FrameCertainty::structural;
  }
  if (!fits_block(verdict, coroutine.size_bytes, coroutine.size_bytes)) return false;
  // A place in a pool that is free now, or one that is being built or torn down just now.
  if (!verdict.frame) return false;
  coroutine.created_at_doubtful = learned.function != 0 && verdict.function != 0 &&
                                  learned.function != verdict.function && !coroutine.site_mixed;
  coroutine.resume = head.resume;
  coroutine.destroy = head.destroy;
  coroutine.certainty = verdict.certainty;
  coroutine.function = verdict.function;
  coroutine.state = verdict.done ? TaskState::done : TaskState::suspended;
  if (verdict.certainty == FrameCertainty::pair) coroutine.state = TaskState::unknown;
  return verdict.certainty >= FrameCertainty::shaped || !coroutine.site_mixed;
}

}  // namespace

void inspect_coroutines(Trace& trace, bool live, const CodeLookup& code) {
  std::vector<Coroutine>& all = trace.coroutines;
  if (all.empty()) return;
  const Memory memory(trace.pid);
  const bool readable = live && trace.memory_read;
  const LiveMemory code_memory(trace.pid);
  FrameJudge judge(trace, readable ? &code_memory : nullptr, code);
  if (!readable) {
    for (Coroutine& coroutine : all) {
      name_from_site(coroutine, judge);
      if (coroutine.told.known()) apply_told(trace, coroutine, nullptr, judge);
    }
    // What the tracker learned from pairs that symbols give other names, or from finished frames
    // alone, which many objects look like, is no frame on its word.
    std::erase_if(all, [&](const Coroutine& c) {
      return !c.told.known() &&
             ((c.site_mixed && !c.frame_seen) || !judge.of({c.resume, c.destroy}).frame);
    });
    return;
  }
  if (!std::is_sorted(all.begin(), all.end(),
                      [](const Coroutine& a, const Coroutine& b) { return a.address < b.address; }))
    std::sort(all.begin(), all.end(),
              [](const Coroutine& a, const Coroutine& b) { return a.address < b.address; });
  std::vector<uint64_t> addresses(all.size());
  std::transform(all.begin(), all.end(), addresses.begin(),
                 [](const Coroutine& c) { return c.address; });
  std::vector<FrameHead> heads(all.size());
  std::vector<bool> found;
  memory.read_each(addresses, sizeof(FrameHead), std::as_writable_bytes(std::span(heads)), found);
  const Destroyers destroyers = find_destroyers(all, heads, judge);
  size_t kept = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    bool keep = true;
    if (all[i].told.known())
      keep = apply_told(trace, all[i], found[i] ? &heads[i] : nullptr, judge);
    else if (found[i])
      keep = apply_head(all[i], heads[i], destroyers, judge);
    else
      name_from_site(all[i], judge);
    if (!keep) continue;
    if (kept != i) all[kept] = std::move(all[i]);
    ++kept;
  }
  all.resize(kept);
}

}  // namespace track::process
