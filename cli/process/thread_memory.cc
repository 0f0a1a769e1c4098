#include "cli/process/thread_memory.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace track::process {
namespace {

// glibc, x86-64: struct pthread starts with tcbhead_t {tcb, dtv, self, ...}; then a list node, then
// the thread id. It is followed by nothing but the rest of its last page.
constexpr uint64_t kMostModules = 4096;
constexpr uint64_t kList = 8, kSelf = 16, kTid = 720, kControlBytes = 2304, kPage = 4096;

uint64_t page_up(uint64_t address) {
  return (address + kPage - 1) & ~(kPage - 1);
}

// The control block names the mapping it stands in, {start, bytes}, at a place that differs between
// versions: what adds up to its end is it.
AddressRange own_mapping(uint64_t control, const RegionReader& memory) {
  const uint64_t end = page_up(control + kControlBytes);
  for (uint64_t at = control + kTid; at + 16 <= control + kControlBytes; at += 8) {
    const uint64_t start = memory.word(at);
    if (start % kPage == 0 && start != 0 && start < control && memory.word(at + 8) == end - start)
      return {start, end};
  }
  return {};
}

}  // namespace

std::vector<ThreadArea> find_thread_areas(const ProcessImage& image, const RegionReader& memory) {
  std::vector<ThreadArea> areas;
  for (const Mapping& mapping : image.mappings) {
    if (!mapping.writable || mapping.shared || !mapping.path.empty()) continue;
    // Mappings side by side may have become one: look at every page's end, from the top. Of a large
    // one most may be reserved only: what was not read is passed over.
    for (uint64_t end = mapping.end, first = 0; end > mapping.start; end = first) {
      const MemoryRegion* region = memory.last_below(end);
      if (region == nullptr || region->end() <= mapping.start) break;
      end -= end <= region->end() ? 0 : (end - region->end()) / kPage * kPage;
      first = end - std::min(end - mapping.start, kPage);
      for (uint64_t at = end - 64; at >= first && at != 0; at -= 64) {
        if (memory.word(at) != at || memory.word(at + kSelf) != at) continue;
        ThreadArea area{at, own_mapping(at, memory), static_cast<int32_t>(memory.half(at + kTid))};
        if (area.mapping.end != 0) areas.push_back(area);
      }
    }
  }
  std::sort(areas.begin(), areas.end(), [](const ThreadArea& a, const ThreadArea& b) {
    return a.mapping.start < b.mapping.start;
  });
  // Two that overlap: one is what a program made up. Neither is believed.
  std::vector<ThreadArea> result;
  for (size_t i = 0; i < areas.size(); ++i) {
    const bool before = i > 0 && areas[i - 1].mapping.end > areas[i].mapping.start;
    const bool after = i + 1 < areas.size() && areas[i].mapping.end > areas[i + 1].mapping.start;
    if (!before && !after) result.push_back(areas[i]);
  }
  return result;
}

// The list (dtv_t): {how many}, {generation}, and a pair of words for each module, the first of
// them the address of its variables.
MainControl main_control(const ImageThread& thread, const RegionReader& memory) {
  constexpr uint64_t kMostVariables = 1 << 20;
  const uint64_t control = thread.fs_base;
  if (control == 0 || memory.word(control) != control || memory.word(control + kSelf) != control ||
      static_cast<int32_t>(memory.half(control + kTid)) != thread.tid)
    return {};
  const uint64_t list = memory.word(control + kList);
  const uint64_t modules = list < 16 ? 0 : memory.word(list - 16);
  if (modules == 0 || modules > kMostModules) return {};
  const MemoryRegion* region = memory.region_of(control);
  uint64_t first = control;
  for (uint64_t module = 1; module <= modules; ++module) {
    const uint64_t variables = memory.word(list + 16 * module);
    if (variables < control && control - variables < kMostVariables && variables >= region->address)
      first = std::min(first, variables);
  }
  return {{first & ~uint64_t{15}, control},
          {control, control + kControlBytes},
          {list - 16, list + 16 * (modules + 1)}};
}

// Those of the modules that were there at the thread's start stand below its control block.
uint64_t variables_list(const ThreadArea& area, const RegionReader& memory) {
  const uint64_t list = memory.word(area.control + kList);
  const uint64_t modules = list < 16 ? 0 : memory.word(list - 16);
  if (modules > kMostModules) return 0;
  const AddressRange below{area.mapping.start, area.control};
  for (uint64_t module = 1; module <= modules; ++module)
    if (below.contains(memory.word(list + 16 * module))) return list - 16;
  return 0;
}

uint64_t main_stack_top(const ProcessImage& image) {
  if (image.core) return image.stack_top;
  std::ifstream file("/proc/" + std::to_string(image.pid) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  const size_t name = stat.rfind(')');  // the name before it may hold anything
  if (name == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name + 1));
  std::string field;
  for (int number = 3; number <= 28; ++number) fields >> field;
  return std::strtoull(field.c_str(), nullptr, 10);
}

}  // namespace track::process
