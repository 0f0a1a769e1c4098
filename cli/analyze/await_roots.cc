#include "cli/analyze/await_roots.h"

#include <algorithm>
#include <unordered_set>

#include "cli/model/symbols.h"

namespace track::analyze {
namespace {

constexpr int kDeepest = 1 << 16;

}  // namespace

AwaitRoots::AwaitRoots(const Trace& trace) : index_(trace) {
  for (const std::string& function : trace.functions)
    own_.push_back(!library_function(short_function(function)));
}

const Coroutine* AwaitRoots::above(const Coroutine& coroutine) const {
  return coroutine.awaited_by == 0 || coroutine.awaited_by_weak ? nullptr
                                                                : index_.at(coroutine.awaited_by);
}

const Coroutine* AwaitRoots::below(const Coroutine& coroutine) const {
  return coroutine.awaits == 0 ? nullptr : index_.at(coroutine.awaits);
}

bool AwaitRoots::own(const Coroutine& coroutine) const {
  return coroutine.function >= own_.size() || own_[coroutine.function];
}

const Coroutine& AwaitRoots::root_of(const Coroutine& coroutine) {
  std::vector<const Coroutine*> path;
  std::unordered_set<const Coroutine*> seen;
  const Coroutine* at = &coroutine;
  while (at != nullptr && known_.count(at) == 0 && seen.insert(at).second) {
    path.push_back(at);
    at = above(*at);
  }
  const Coroutine* root = nullptr;
  if (at != nullptr && known_.count(at) != 0) {
    root = known_.at(at);
  } else if (at != nullptr) {
    const auto first = std::find(path.begin(), path.end(), at);
    root = *std::min_element(first, path.end(), [](const Coroutine* a, const Coroutine* b) {
      return a->address < b->address;
    });
  } else {
    root = path.back();
    const Coroutine* down = root;
    for (int n = 0; n < kDeepest && down != nullptr && !own(*down); ++n) down = below(*down);
    if (down != nullptr && own(*down)) root = down;
  }
  for (auto passed = path.rbegin(); passed != path.rend(); ++passed) {
    if (!own(*root) && own(**passed)) root = *passed;
    known_[*passed] = root;
  }
  return *root;
}

const Coroutine& AwaitRoots::leaf_of(const Coroutine& coroutine) const {
  const Coroutine* leaf = &coroutine;
  const Coroutine* at = &coroutine;
  for (int n = 0; n < kDeepest; ++n) {
    at = below(*at);
    if (at == nullptr || at == &coroutine) break;
    if (own(*at)) leaf = at;
  }
  return *leaf;
}

const Coroutine* AwaitRoots::end_of_chain(const Coroutine& coroutine, const Coroutine& root) const {
  if (below(coroutine) != nullptr) return nullptr;
  const Coroutine* at = &coroutine;
  for (int n = 0; n < kDeepest && at != nullptr && at != &root && !own(*at); ++n) at = above(*at);
  return at == nullptr || at == &root || !own(*at) ? &coroutine : at;
}

}  // namespace track::analyze
