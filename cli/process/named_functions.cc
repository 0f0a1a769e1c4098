#include "cli/process/named_functions.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace track::process {
namespace {

constexpr size_t kPiece = 1 << 20;

// A short name must be a whole string; of others a linker may have kept one copy, at the end of a
// longer one.
constexpr size_t kWholeBelow = 8;

class Search {
 public:
  explicit Search(std::span<const std::string_view> names) : names_(names), found_(names.size()) {
    for (const std::string_view name : names) {
      shortest_ = std::min(shortest_, name.size());
      longest_ = std::max(longest_, name.size());
    }
  }

  void look(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at < end) {
      const auto* stop =
          static_cast<const char*>(std::memchr(at, 0, static_cast<size_t>(end - at)));
      if (stop == nullptr) return;
      const auto length = static_cast<size_t>(stop - at);
      if (length >= shortest_) compare({at, length}, at != bytes.data());
      at = stop + 1;
    }
  }
  size_t longest() const { return longest_; }
  std::vector<bool> take() { return std::move(found_); }

 private:
  void compare(std::string_view text, bool whole) {
    for (size_t i = 0; i < names_.size(); ++i) {
      const std::string_view name = names_[i];
      if (name.size() < kWholeBelow ? whole && text == name : text.ends_with(name))
        found_[i] = true;
    }
  }

  std::span<const std::string_view> names_;
  std::vector<bool> found_;  // by index of names_
  size_t shortest_ = ~size_t{0}, longest_ = 0;
};

// False: not all of it could be read.
bool search_range(const ProcessImage& image, const AddressRange& range, Search& search) {
  bool all = true;
  std::string buffer;
  for (uint64_t at = range.start; at < range.end;) {
    buffer.resize(std::min<uint64_t>(kPiece, range.end - at));
    buffer.resize(image.read_some(at, buffer.data(), buffer.size()));
    if (buffer.empty()) {
      all = false;
      const uint64_t next_page = (at | 0xfff) + 1;
      if (next_page == 0) break;
      at = std::max(image.next_view(at), next_page);
      continue;
    }
    search.look(buffer);
    // A name that the piece cuts in two is found whole in the next one.
    const size_t again = search.longest() + 2;
    at += buffer.size() > again && at + buffer.size() < range.end ? buffer.size() - again
                                                                  : buffer.size();
  }
  return all;
}

struct Found {
  std::vector<bool> names;
  bool all_read = true;
};

Found search(const ProcessImage& image, std::span<const AddressRange> ranges,
             std::span<const std::string_view> names) {
  Search search(names);
  Found found;
  for (const AddressRange& range : ranges) found.all_read &= search_range(image, range, search);
  found.names = search.take();
  return found;
}

// A module's memory: what is as its file says, whichever process it is in, and what may change.
struct Parts {
  std::vector<AddressRange> fixed, changing;
};

Parts parts_of(const ProcessImage& image, const Module& module) {
  Parts parts;
  // Of a core file memory may be missing.
  if (image.core || module.build_id.empty()) {
    parts.changing.push_back({module.start, module.end});
    return parts;
  }
  for (const Mapping& mapping : image.mappings) {
    const AddressRange range{std::max(mapping.start, module.start),
                             std::min(mapping.end, module.end)};
    if (range.start >= range.end || !mapping.readable) continue;
    const bool fixed = !mapping.writable && !mapping.shared && mapping.path == module.path;
    (fixed ? parts.fixed : parts.changing).push_back(range);
  }
  return parts;
}

// What the fixed parts name: a judgement asks for several sets of names, and who judges again and
// again need not read all code again.
class KnownNames {
 public:
  std::vector<bool> of(const ProcessImage& image, const Module& module,
                       std::span<const AddressRange> fixed,
                       std::span<const std::string_view> names) {
    std::string key = module.build_id;
    for (const AddressRange& range : fixed)
      key += " " + std::to_string(range.start - module.base) + "-" +
             std::to_string(range.end - module.base);
    for (const std::string_view name : names) key.append(" ").append(name);
    {
      const std::lock_guard hold(mutex_);
      if (const auto known = found_.find(key); known != found_.end()) return known->second;
    }
    Found found = search(image, fixed, names);
    // It may be ending just now.
    if (!found.all_read) return std::move(found.names);
    const std::lock_guard hold(mutex_);
    if (found_.size() > kMost) found_.clear();
    return found_[key] = std::move(found.names);
  }

 private:
  static constexpr size_t kMost = 8192;
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<bool>> found_;
};

KnownNames& known_names() {
  static KnownNames all;
  return all;
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
  std::map<std::string_view, std::string> result;
  for (const Module& module : image.modules) {
    if (of_the_system(module) || module.unloaded != 0) continue;
    const Parts parts = parts_of(image, module);
    const std::vector<bool> fixed = known_names().of(image, module, parts.fixed, names);
    const std::vector<bool> changing = search(image, parts.changing, names).names;
    for (size_t i = 0; i < names.size(); ++i)
      if (fixed[i] || changing[i]) result.emplace(names[i], module.path);
  }
  return result;
}

std::string stack_switcher(const ProcessImage& image) {
  constexpr std::string_view kSwitch[] = {"makecontext", "swapcontext", "make_fcontext",
                                          "jump_fcontext"};
  for (const auto& [name, module] : named_functions(image, kSwitch))
    return module + " names " + std::string(name);
  return {};
}

}  // namespace track::process
