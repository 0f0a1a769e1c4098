#include "cli/write/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <tuple>
#include <unordered_map>

#include "cli/model/saturated.h"
#include "cli/model/symbols.h"
#include "cli/model/words.h"
#include "cli/write/profile_lines.h"

namespace track::write {
namespace {

constexpr double kLeastShare =
    0.005;  // of the whole: smaller branches are left out, and counted if they are more in sum
constexpr size_t kMostBranches = 12;    // shown of one node
constexpr size_t kMostTreeLines = 400;  // of the whole tree
constexpr size_t kMostIndent = 30;      // columns
constexpr size_t kLeastFolded = 3;      // functions of libraries in a row
constexpr size_t kLeastName = 24;       // columns, however deep it stands
constexpr std::string_view kAnonymous = "(anonymous namespace)::";

uint64_t size_of(int64_t value) {
  return value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
}

std::string percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0%";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  return part == whole ? "100%" : fmt::format("{:.{}f}%", share, share < 9.995 ? 2 : 1);
}

// A call path that all samples of a subtree share, with what they sum up to.
struct Node {
  uint32_t function = 0;
  int64_t sum = 0;
  uint64_t size = 0;  // the sum of absolute values: what a branch is ordered and left out by
  std::vector<size_t> below;
};

class Text {
 public:
  Text(const Profile& profile, const ProfileTextOptions& what, const TextOptions& options)
      : profile_(profile),
        what_(what),
        page_(options),
        lines_(profile),
        unit_(profile.value_types.at(what.value).unit) {
    for (const ProfileSample& sample : profile.samples) {
      total_ += size_of(sample.values.at(what.value));
      add_saturated(sum_, sample.values.at(what.value));
    }
  }

  std::string take() {
    heading();
    if (total_ != 0) {
      top();
      tree();
    }
    page_.line();
    for (const std::string& comment : profile_.comments) page_.wrapped(comment, 0, 2, Ink::dim);
    return page_.take();
  }

 private:
  std::string amount(int64_t value) const {
    return what_.difference ? change_text(value, unit_) : value_text(value, unit_);
  }

  void heading() {
    const std::string program = profile_.modules.empty() ? "" : base_name(profile_.modules[0].path);
    const std::string& value = profile_.value_types[what_.value].type;
    std::string text = profile_.type + (program.empty() ? "" : " of " + program);
    if (value != profile_.type) text += ": " + value;
    page_.line(page_.ink(Ink::bold, text));
    if (profile_.time_ns != 0) {
      const auto seconds = static_cast<std::time_t>(profile_.time_ns / 1'000'000'000);
      std::tm parts{};
      gmtime_r(&seconds, &parts);
      page_.line(fmt::format(
          "taken {:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC{}", parts.tm_year + 1900, parts.tm_mon + 1,
          parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
          profile_.duration_ns == 0 ? "" : ", over " + duration_text(profile_.duration_ns)));
    }
    if (total_ == 0) {
      page_.line(what_.difference ? "no difference" : "nothing: no sample");
      return;
    }
    text = fmt::format("{} in {}", amount(sum_), count_text(profile_.samples.size(), "sample"));
    if (total_ != size_of(sum_))
      text += ", " + value_text(static_cast<int64_t>(total_), unit_) + " of change";
    page_.line(text);
  }

  void top() {
    struct Row {
      int64_t flat = 0, cum = 0;
      uint32_t function = 0;
    };
    std::vector<Row> rows(lines_.functions().size());
    for (uint32_t i = 0; i < rows.size(); ++i) rows[i].function = i;
    std::vector<size_t> seen(rows.size(), SIZE_MAX);
    for (size_t i = 0; i < profile_.samples.size(); ++i) {
      const int64_t value = profile_.samples[i].values[what_.value];
      const std::vector<uint32_t> stack = lines_.root_first(profile_.samples[i]);
      if (stack.empty()) continue;
      add_saturated(rows[stack.back()].flat, value);
      // A function that calls itself counts once.
      for (const uint32_t function : stack)
        if (seen[function] != i) {
          add_saturated(rows[function].cum, value);
          seen[function] = i;
        }
    }
    std::erase_if(rows, [](const Row& row) { return row.flat == 0 && row.cum == 0; });
    std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
      const auto key = [&](const Row& row) {
        return std::tuple(~size_of(row.flat), ~size_of(row.cum),
                          std::string_view(lines_.functions()[row.function].name), row.function);
      };
      return key(a) < key(b);
    });
    page_.line();
    page_.line(page_.ink(Ink::dim, fmt::format("{:>10} {:>6} {:>6} {:>10} {:>6}  {}", "flat",
                                               "flat%", "sum%", "cum", "cum%", "function")));
    // What libraries only pass on says little; --top 0 lists it.
    size_t shown = rows.size();
    if (what_.top != 0) {
      const auto own = std::stable_partition(rows.begin(), rows.end(), [&](const Row& row) {
        return row.flat != 0 || !of_library(row.function);
      });
      shown = std::min(static_cast<size_t>(own - rows.begin()), what_.top);
    }
    int64_t sum = 0;
    for (size_t i = 0; i < shown; ++i) {
      add_saturated(sum, rows[i].flat);
      print(fmt::format("{:>10} {:>6} {:>6} {:>10} {:>6}  ", amount(rows[i].flat),
                        percent(size_of(rows[i].flat), total_), percent(size_of(sum), total_),
                        amount(rows[i].cum), percent(size_of(rows[i].cum), total_)),
            rows[i].function);
    }
    if (shown < rows.size())
      page_.line(page_.ink(
          Ink::dim,
          fmt::format("{:>10} {}", "...", count_text(rows.size() - shown, "function") + " more")));
  }

  // A function after what stands before it, as far as the line goes.
  void print(const std::string& before, uint32_t function) {
    const NamedFunction& named = lines_.functions()[function];
    std::string name = named.name, file = base_name(named.file);
    if (const size_t at = name.find(kAnonymous); at != std::string::npos)
      name.erase(at, kAnonymous.size());
    if (named.line != 0) file += ":" + std::to_string(named.line);
    const size_t width = std::max(page_.options().width, before.size() + kLeastName);
    const size_t room = width - before.size();
    if (!file.empty() && name.size() + 1 + file.size() <= room) name += " " + file;
    page_.line(before + fitted(name, room));
  }

  void tree() {
    build();
    page_.line();
    page_.line(page_.ink(Ink::dim, "call tree, callers first:"));
    print_below(0, 0);
    if (tree_lines_ >= kMostTreeLines)
      page_.line(page_.ink(Ink::dim, "... the tree goes on: --format pprof, folded or speedscope"));
  }

  void build() {
    nodes_.push_back({});
    for (const ProfileSample& sample : profile_.samples) {
      const int64_t value = sample.values[what_.value];
      size_t at = 0;
      for (const uint32_t function : lines_.root_first(sample)) {
        at = child(at, function);
        add_saturated(nodes_[at].sum, value);
        nodes_[at].size += size_of(value);
      }
    }
    for (Node& node : nodes_)
      std::sort(node.below.begin(), node.below.end(), [&](size_t a, size_t b) {
        return std::tuple(~nodes_[a].size, std::string_view(name(a)), a) <
               std::tuple(~nodes_[b].size, std::string_view(name(b)), b);
      });
  }

  const std::string& name(size_t node) const {
    return lines_.functions()[nodes_[node].function].name;
  }

  size_t child(size_t parent, uint32_t function) {
    const auto [entry, fresh] =
        children_.try_emplace(uint64_t{parent} << 32 | function, nodes_.size());
    if (fresh) {
      nodes_.push_back({});
      nodes_.back().function = function;
      nodes_[parent].below.push_back(entry->second);
    }
    return entry->second;
  }

  bool small(const Node& node) const {
    return static_cast<double>(node.size) < kLeastShare * static_cast<double>(total_);
  }

  void print_below(size_t parent, size_t depth) {
    const std::vector<size_t>& below = nodes_[parent].below;
    size_t shown = 0;
    while (shown < below.size() && shown < kMostBranches && !small(nodes_[below[shown]])) ++shown;
    for (size_t i = 0; i < shown && tree_lines_ < kMostTreeLines; ++i) {
      // A path without a branch needs no indent, and its run of library functions one line.
      const size_t folded = library_run(below[i]);
      const size_t at = folded == 0 ? below[i] : nth_below(below[i], folded - 1);
      const Node& node = nodes_[at];
      const std::string before = fmt::format("{:>10} {:>6}  {}", amount(node.sum),
                                             percent(node.size, total_), indent(depth));
      ++tree_lines_;
      if (folded == 0)
        print(before, node.function);
      else
        page_.line(
            page_.ink(Ink::dim, fmt::format("{}({} functions of libraries)", before, folded)));
      print_below(at, node.below.size() > 1 || parent == 0 ? depth + 1 : depth);
    }
    if (shown == below.size() || tree_lines_ >= kMostTreeLines) return;
    int64_t rest = 0;
    uint64_t size = 0;
    for (size_t i = shown; i < below.size(); ++i) {
      add_saturated(rest, nodes_[below[i]].sum);
      size += nodes_[below[i]].size;
    }
    if (shown != 0 && static_cast<double>(size) < kLeastShare * static_cast<double>(total_)) return;
    ++tree_lines_;
    page_.line(page_.ink(
        Ink::dim, fmt::format("{:>10} {:>6}  {}... {} more", amount(rest), percent(size, total_),
                              indent(depth), below.size() - shown)));
  }

  bool of_library(uint32_t number) const {
    const NamedFunction& function = lines_.functions()[number];
    return library_function(function.name) || function.name == "_start" ||
           function.module.starts_with("libc.so") || function.module.starts_with("libstdc++.so");
  }

  bool continues(size_t node) const {
    return nodes_[node].below.size() == 1 &&
           nodes_[nodes_[node].below[0]].size == nodes_[node].size;
  }

  // How many nodes from this one on are libraries' and lead to nothing but each other; 0 for few.
  // The last line of a path is never among them.
  size_t library_run(size_t node) const {
    size_t run = 0;
    for (; of_library(nodes_[node].function) && continues(node); node = nodes_[node].below[0])
      ++run;
    return run < kLeastFolded ? 0 : run;
  }

  size_t nth_below(size_t node, size_t n) const {
    for (; n != 0; --n) node = nodes_[node].below[0];
    return node;
  }

  static std::string indent(size_t depth) {
    return std::string(std::min(depth * 2, kMostIndent), ' ');
  }

  const Profile& profile_;
  ProfileTextOptions what_;
  Page page_;
  ProfileLines lines_;
  std::string unit_;
  uint64_t total_ = 0;  // of absolute values
  int64_t sum_ = 0;
  std::vector<Node> nodes_;
  std::unordered_map<uint64_t, size_t> children_;
  size_t tree_lines_ = 0;
};

}  // namespace

std::string text_profile(const Profile& profile, const ProfileTextOptions& what,
                         const TextOptions& options) {
  return Text(profile, what, options).take();
}

}  // namespace track::write
