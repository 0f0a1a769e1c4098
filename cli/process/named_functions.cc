#include "cli/process/named_functions.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace track::process {
namespace {

constexpr size_t kPiece = 1 << 20;

// A short name must be a whole string; of others a linker may have kept one copy, at the end of a
// longer one.
constexpr size_t kWholeBelow = 8;

class Search {
 public:
  explicit Search(std::span<const std::string_view> names) : names_(names) {
    for (const std::string_view name : names) {
      shortest_ = std::min(shortest_, name.size());
      longest_ = std::max(longest_, name.size());
    }
  }

  void look(std::string_view bytes, const std::string& module) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at < end) {
      const auto* stop =
          static_cast<const char*>(std::memchr(at, 0, static_cast<size_t>(end - at)));
      if (stop == nullptr) return;
      const auto length = static_cast<size_t>(stop - at);
      if (length >= shortest_) compare({at, length}, at != bytes.data(), module);
      at = stop + 1;
    }
  }
  size_t longest() const { return longest_; }
  std::map<std::string_view, std::string> take() { return std::move(found_); }

 private:
  void compare(std::string_view text, bool whole, const std::string& module) {
    for (const std::string_view name : names_)
      if (name.size() < kWholeBelow ? whole && text == name : text.ends_with(name))
        found_.emplace(name, module);
  }

  std::span<const std::string_view> names_;
  size_t shortest_ = ~size_t{0}, longest_ = 0;
  std::map<std::string_view, std::string> found_;
};

void search(const ProcessImage& image, const Module& module, Search& search) {
  std::string buffer;
  for (uint64_t at = module.start; at < module.end;) {
    buffer.resize(std::min<uint64_t>(kPiece, module.end - at));
    buffer.resize(image.read_some(at, buffer.data(), buffer.size()));
    if (buffer.empty()) {
      const uint64_t next_page = (at | 0xfff) + 1;
      if (next_page == 0) return;
      at = std::max(image.next_view(at), next_page);
      continue;
    }
    search.look(buffer, module.path);
    // A name that the piece cuts in two is found whole in the next one.
    const size_t again = search.longest() + 2;
    at += buffer.size() > again && at + buffer.size() < module.end ? buffer.size() - again
                                                                   : buffer.size();
  }
}

}  // namespace

bool of_the_system(const Module& module) {
  const std::string name = module.path.substr(module.path.rfind('/') + 1);
  for (const std::string_view prefix :
       {"libc.so", "libc-", "libpthread", "libtrack", "ld-linux", "libdl.so", "libdl-", "librt.so",
        "librt-", "libanl", "libthread_db", "[vdso]"})
    if (name.compare(0, prefix.size(), prefix) == 0) return true;
  return false;
}

std::map<std::string_view, std::string> named_functions(const ProcessImage& image,
                                                        std::span<const std::string_view> names) {
  Search all(names);
  for (const Module& module : image.modules)
    if (!of_the_system(module) && module.unloaded == 0) search(image, module, all);
  return all.take();
}

std::string stack_switcher(const ProcessImage& image) {
  constexpr std::string_view kSwitch[] = {"makecontext", "swapcontext", "make_fcontext",
                                          "jump_fcontext"};
  for (const auto& [name, module] : named_functions(image, kSwitch))
    return module + " names " + std::string(name);
  return {};
}

}  // namespace track::process
