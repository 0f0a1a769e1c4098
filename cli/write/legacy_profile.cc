#include "cli/write/legacy_profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/model/error.h"
#include "cli/model/saturated.h"
#include "cli/model/symbols.h"

namespace track::write {
namespace {

class Legacy {
 public:
  explicit Legacy(const Profile& profile) : profile_(profile) {}

  std::string take() {
    const std::vector<ValueType>& types = profile_.value_types;
    if (types.size() == 4 && types[3].unit == "bytes")
      heap();
    else if (types.size() == 2 && types[0].unit == "count" && types[1].unit == "nanoseconds" &&
             types[0].type == "contentions")
      contention();
    else if (types[0].unit == "count" && types[0].type != "samples")
      counts();
    else
      throw Error("profiles of type " + profile_.type +
                  " have no legacy text form; use --format pprof, folded, speedscope or text");
    memory_map();
    return std::move(text_);
  }

 private:
  int64_t total(size_t value) const {
    int64_t sum = 0;
    for (const ProfileSample& sample : profile_.samples) add_saturated(sum, sample.values[value]);
    return sum;
  }

  // What has no address (a co_await, a mark) is left out; of nothing but that there is no stack.
  void stack(const ProfileSample& sample) {
    text_ += " @";
    bool any = false;
    for (const uint32_t index : sample.stack)
      if (const uint64_t address = profile_.locations[index].address; address != 0) {
        text_ += fmt::format(" 0x{:x}", address);
        any = true;
      }
    if (!any) text_ += " 0x1";
    text_ += "\n";
    for (const ProfileLabel& label : sample.labels)
      if (!label.text.empty())
        text_ += fmt::format("# label {}: {}\n", label.key, one_line(label.text));
    for (const uint32_t index : sample.stack) lines(profile_.locations[index]);
    text_ += "\n";
  }

  void lines(const Location& location) {
    for (const Frame& frame : location.frames)
      text_ +=
          fmt::format("#\t0x{:x}\t{}\t{}:{}\n", location.address,
                      one_line(short_function(frame.function)), one_line(frame.file), frame.line);
  }

  static std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }

  void counts() {
    std::string type = profile_.value_types[0].type;
    text_ += fmt::format("{} profile: total {}\n", type, total(0));
    for (const ProfileSample& sample : profile_.samples) {
      text_ += std::to_string(sample.values[0]);
      stack(sample);
    }
  }

  void heap() {
    // A period of 1: readers would scale samples up, and these values are no samples.
    text_ += fmt::format("heap profile: {}: {} [{}: {}] @ heap_v2/1\n", total(2), total(3),
                         total(0), total(1));
    for (const ProfileSample& sample : profile_.samples) {
      const std::vector<int64_t>& v = sample.values;
      text_ += fmt::format("{}: {} [{}: {}]", v[2], v[3], v[0], v[1]);
      stack(sample);
    }
  }

  void contention() {
    text_ += "--- contention:\ncycles/second=1000000000\n";
    for (const ProfileSample& sample : profile_.samples) {
      text_ += fmt::format("{} {}", sample.values[1], sample.values[0]);
      stack(sample);
    }
  }

  void memory_map() {
    text_ += "\n--- Memory map: ---\n";
    for (const Module& module : profile_.modules)
      if (module.start < module.end)
        text_ += fmt::format("{:x}-{:x} r-xp 00000000 00:00 0 {}\n", module.start, module.end,
                             one_line(module.path));
  }

  const Profile& profile_;
  std::string text_;
};

}  // namespace

std::string legacy_profile(const Profile& profile) {
  for (const ProfileSample& sample : profile.samples)
    for (const int64_t value : sample.values)
      if (value < 0)
        throw Error("a difference has no legacy text form; use --format pprof, folded or text");
  return Legacy(profile).take();
}

}  // namespace track::write
