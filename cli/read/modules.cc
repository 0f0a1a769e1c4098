#include <algorithm>
#include <array>

#include "cli/read/image.h"

namespace track::read {
namespace {

using wire::ModuleSlot;

constexpr uint64_t kMostModules = uint64_t{1} << 16;

std::string read_path(const Image& image, uint64_t at) {
  const SectionView& strings = image.section(wire::SectionKind::strings);
  if (at >= strings.capacity) return {};
  std::array<char, 4096> text{};
  const uint64_t n = std::min<uint64_t>(text.size(), strings.capacity - at);
  if (!image.bytes().read(strings.offset + at, text.data(), n)) return {};
  return clean_text(text.data(), n);
}

std::string hex(const uint8_t* bytes, size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string result;
  for (size_t i = 0; i < count; ++i) {
    result += kDigits[bytes[i] >> 4];
    result += kDigits[bytes[i] & 15];
  }
  return result;
}

}  // namespace

void read_modules(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::modules);
  const uint64_t count = std::min(section.used, kMostModules);
  std::vector<Copy<ModuleSlot>> slots(count);
  if (!image.bytes().read(section.offset, slots.data(), count * sizeof(ModuleSlot))) {
    image.warn("the modules could not be read: addresses stay without names");
    return;
  }
  for (const auto& slot : slots) {
    if (slot->state.load(std::memory_order_acquire) != 1 || slot->end <= slot->start) continue;
    Module module;
    module.path = read_path(image, slot->path);
    module.build_id = hex(slot->build_id, std::min<size_t>(slot->build_id_bytes, 32));
    module.base = slot->base;
    module.start = slot->start;
    module.end = slot->end;
    module.loaded = slot->loaded;
    module.unloaded = slot->unloaded.load(std::memory_order_relaxed);
    image.trace().modules.push_back(std::move(module));
  }
}

}  // namespace track::read
