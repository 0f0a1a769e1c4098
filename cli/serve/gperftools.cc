#include "cli/serve/gperftools.h"

#include <fmt/format.h>

#include <charconv>

namespace track::serve {
namespace {

void add_word(std::string& bytes, uint64_t word) {
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(word >> (8 * i));
}

}  // namespace

std::string gperftools_cpu(const Profile& profile) {
  std::string bytes;
  const int64_t period_ns = profile.period > 0 ? profile.period : 10'000'000;
  for (const uint64_t word : {uint64_t{0}, uint64_t{3}, uint64_t{0},
                              static_cast<uint64_t>(period_ns / 1000), uint64_t{0}})
    add_word(bytes, word);
  for (const ProfileSample& sample : profile.samples) {
    std::vector<uint64_t> addresses;
    for (const uint32_t index : sample.stack)
      if (const uint64_t address = profile.locations[index].address; address != 0)
        addresses.push_back(address);
    if (addresses.empty() || sample.values[0] <= 0) continue;
    add_word(bytes, static_cast<uint64_t>(sample.values[0]));
    add_word(bytes, addresses.size());
    for (const uint64_t address : addresses) add_word(bytes, address);
  }
  for (const uint64_t word : {uint64_t{0}, uint64_t{1}, uint64_t{0}}) add_word(bytes, word);
  for (const Module& module : profile.modules)
    if (module.start < module.end && module.path.find('\n') == std::string::npos)
      bytes += fmt::format("{:x}-{:x} r-xp 00000000 00:00 0 {}\n", module.start, module.end,
                           module.path);
  return bytes;
}

std::string symbol_reply(const std::string& asked,
                         const std::function<std::string(uint64_t)>& name_of) {
  std::string text = "num_symbols: 1\n";
  size_t at = 0;
  while (at < asked.size()) {
    const size_t end = std::min(asked.find('+', at), asked.size());
    std::string word = asked.substr(at, end - at);
    at = end + 1;
    while (!word.empty() && (word.back() == '\n' || word.back() == '\r')) word.pop_back();
    const std::string figures = word.starts_with("0x") ? word.substr(2) : word;
    uint64_t address = 0;
    const auto read = std::from_chars(figures.data(), figures.data() + figures.size(), address, 16);
    if (read.ec != std::errc() || read.ptr != figures.data() + figures.size()) continue;
    std::string name = name_of(address);
    for (char& c : name)
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    if (!name.empty()) text += fmt::format("{:#x}\t{}\n", address, name);
  }
  return text;
}

}  // namespace track::serve
