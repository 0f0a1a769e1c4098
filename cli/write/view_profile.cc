#include "cli/write/view_profile.h"

#include <algorithm>
#include <cmath>

#include "cli/model/allocator_names.h"
#include "cli/model/words.h"
#include "cli/write/json_parts.h"
#include "cli/write/view_columns.h"

namespace track::write {
namespace {

constexpr size_t kDeepest = 65535;

struct Line {
  uint32_t frame;
  bool allocates;
};

// The frames of each location of a profile, callee first.
std::vector<std::vector<Line>> lines_of(const Profile& profile, ViewNames& names) {
  const bool heap = is_heap(profile.value_types);
  std::vector<std::vector<Line>> all;
  for (const Location& location : profile.locations) {
    const std::string module =
        location.module < 0 ? std::string()
                            : base_name(profile.modules[static_cast<size_t>(location.module)].path);
    std::vector<Line>& lines = all.emplace_back();
    for (const Frame& frame : location.frames)
      if (!frame.function.empty())
        lines.push_back(
            {names.frame({short_function(frame.function), frame.file, module, frame.line,
                          frame.inlined && &frame != &location.frames.back(),
                          location.address == 0}),
             heap && allocator_function(short_function(frame.function))});
    if (!lines.empty()) continue;
    const std::string place =
        module.empty() ? hex_text(location.address) : module + "+" + hex_text(location.offset);
    lines.push_back({names.frame({place, "", module, 0, false, false}), false});
  }
  return all;
}

class Trie {
 public:
  Trie(size_t values, size_t shown) : values_(values), shown_(shown) { add_node(0); }

  // from: which of a node's values the first of the profile's is.
  void add(const Profile& profile, size_t from, ViewNames& names) {
    const auto lines = lines_of(profile, names);
    std::vector<uint32_t> path;
    for (const ProfileSample& sample : profile.samples) {
      path.clear();
      size_t kept_from = 0;
      for (const uint32_t location : sample.stack)
        for (const Line& line : lines[location]) {
          path.push_back(line.frame);
          // Whatever is leafward of a function that only allocates goes with it.
          if (line.allocates) kept_from = path.size();
        }
      if (kept_from == path.size()) kept_from = 0;
      uint32_t node = 0;
      size_t depth = 0;
      for (size_t i = path.size(); i-- > kept_from && ++depth < kDeepest;)
        node = child(node, path[i]);
      for (size_t v = 0; v < sample.values.size(); ++v)
        self_[node * values_ + from + v] += static_cast<double>(sample.values[v]);
    }
  }

  std::string bytes(const std::string& type, size_t own) {
    totals_ = self_;
    for (size_t node = frames_.size(); node-- > 1;)  // a parent's number is below its children's
      for (size_t v = 0; v < values_; ++v)
        totals_[parents_[node] * values_ + v] += totals_[node * values_ + v];
    order(own);
    ViewColumns columns;
    columns.add("depth", depths_out_);
    columns.add("frame", frames_out_);
    for (size_t v = 0; v < values_; ++v) {
      std::vector<double> column;
      for (const uint32_t node : order_) column.push_back(self_[node * values_ + v]);
      columns.add(((v < own ? "self" : "base") + std::to_string(v < own ? v : v - own)).c_str(),
                  column);
    }
    return columns.bytes({{"type", type}});
  }

 private:
  uint32_t add_node(uint32_t frame) {
    frames_.push_back(frame);
    parents_.push_back(0);
    self_.resize(self_.size() + values_);
    children_.emplace_back();
    return static_cast<uint32_t>(frames_.size() - 1);
  }

  uint32_t child(uint32_t node, uint32_t frame) {
    const uint64_t key = uint64_t{node} << 32 | frame;
    const auto [entry, fresh] = by_key_.try_emplace(key, 0);
    if (!fresh) return entry->second;
    const uint32_t made = add_node(frame);
    parents_[made] = node;
    children_[node].push_back(made);
    return entry->second = made;
  }

  double weight(uint32_t node, size_t own) const {
    double sum = std::abs(totals_[node * values_ + shown_]);
    if (own < values_) sum = std::max(sum, std::abs(totals_[node * values_ + own + shown_]));
    return sum;
  }

  // Without recursion: stacks are as deep as programs are.
  void order(size_t own) {
    std::vector<std::pair<uint32_t, uint16_t>> open{{0, 0}};
    while (!open.empty()) {
      const auto [node, depth] = open.back();
      open.pop_back();
      order_.push_back(node);
      depths_out_.push_back(depth);
      frames_out_.push_back(frames_[node]);
      std::vector<uint32_t>& below = children_[node];
      std::stable_sort(below.begin(), below.end(), [&](uint32_t a, uint32_t b) {
        return weight(a, own) < weight(b, own);  // the last is taken from the stack first
      });
      for (const uint32_t one : below) open.emplace_back(one, static_cast<uint16_t>(depth + 1));
    }
  }

  size_t values_, shown_;
  std::vector<uint32_t> frames_, parents_, order_, frames_out_;
  std::vector<uint16_t> depths_out_;
  std::vector<double> self_, totals_;
  std::vector<std::vector<uint32_t>> children_;
  std::unordered_map<uint64_t, uint32_t> by_key_;
};

}  // namespace

std::string view_profile(const Profile& profile, const Profile* base, ViewNames& names) {
  const size_t own = profile.value_types.size();
  Trie trie(base == nullptr ? own : 2 * own, profile.shown);
  trie.add(profile, 0, names);
  if (base != nullptr) trie.add(*base, own, names);
  return trie.bytes(profile.type, own);
}

}  // namespace track::write
