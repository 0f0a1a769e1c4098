#include "cli/symbolize/debug_files.h"

#include <cerrno>
#include <cstring>

#include "cli/symbolize/debuginfod.h"

namespace track::symbolize {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_hex(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

DebugFiles::DebugFiles(const Options& options) : options_(options) {
  roots_.emplace_back(options.sysroot);
  // A build-id proves a file wherever it lies, so our own root serves containers too.
  if (!roots_.front().sysroot().empty()) roots_.emplace_back("");
}

std::unique_ptr<ElfImage> DebugFiles::open(const FileRoot& root, const std::string& path) const {
  const int fd = root.open(path);
  std::string why;
  return fd < 0 ? nullptr : ElfImage::from_descriptor(fd, path, why);
}

std::unique_ptr<ElfImage> DebugFiles::module_file(const std::string& path,
                                                  const std::string& build_id,
                                                  std::string& why) const {
  const bool deleted = path.ends_with(kDeleted);
  const std::string plain = deleted ? path.substr(0, path.size() - kDeleted.size()) : path;
  if (deleted && build_id.empty()) {
    why = "deleted since it was loaded";
    return nullptr;
  }
  for (const FileRoot& root : roots_) {
    if (&root != &roots_.front() && build_id.empty()) break;
    const int fd = root.open(plain);
    if (fd < 0) {
      if (why.empty()) why = deleted ? "deleted since it was loaded" : std::strerror(errno);
      continue;
    }
    std::string not_elf;
    auto image = ElfImage::from_descriptor(fd, plain, not_elf);
    if (!image) {
      why = not_elf;
    } else if (!build_id.empty() && image->build_id() != build_id) {
      why = "build-id on disk differs: symbols not guessed";
    } else {
      return image;
    }
  }
  return nullptr;
}

std::unique_ptr<ElfImage> DebugFiles::by_build_id(const std::string& build_id) const {
  if (build_id.size() < 3 || !is_hex(build_id)) return nullptr;
  const std::string tail =
      "/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
  for (const FileRoot& root : roots_) {
    for (const std::string& directory : options_.debug_dirs) {
      auto image = open(root, directory + tail);
      if (image && image->build_id() == build_id) return image;
    }
  }
  return nullptr;
}

std::unique_ptr<ElfImage> DebugFiles::by_link(const ElfImage& module,
                                              std::vector<std::string>& notes) const {
  const DebugLink link = module.debug_link();
  if (link.name.empty()) return nullptr;
  const std::string directory = directory_of(module.path());
  std::vector<std::string> candidates = {directory + "/" + link.name,
                                         directory + "/.debug/" + link.name};
  for (const std::string& debug : options_.debug_dirs) {
    candidates.push_back(debug + directory + "/" + link.name);
  }
  for (const FileRoot& root : roots_) {
    for (const std::string& candidate : candidates) {
      auto image = open(root, candidate);
      if (!image) continue;
      bool matches = false;
      if (!module.build_id().empty() && !image->build_id().empty()) {
        matches = module.build_id() == image->build_id();
      } else {
        uint32_t crc = 0;
        matches = image->crc(crc) && crc == link.crc;
      }
      if (matches) return image;
      if (candidate != module.path()) {
        notes.push_back(name_of(module.path()) + ": " + candidate +
                        " is not its debug file (checksum differs): not used");
      }
    }
  }
  return nullptr;
}

std::unique_ptr<ElfImage> DebugFiles::debug_file(const ElfImage* module,
                                                 const std::string& build_id,
                                                 std::vector<std::string>& notes) const {
  const std::string& id = build_id.empty() && module ? module->build_id() : build_id;
  if (auto image = by_build_id(id)) return image;
  if (module) {
    if (auto image = by_link(*module, notes)) return image;
  }
  if (!options_.debuginfod || id.empty()) return nullptr;
  std::string path;
  const int fd = fetch_debug_file(id, path, notes);
  std::string why;
  return fd < 0 ? nullptr : ElfImage::from_descriptor(fd, path, why);
}

std::unique_ptr<ElfImage> DebugFiles::supplement(const ElfImage& debug, const std::string& name,
                                                 const std::string& build_id) const {
  if (auto image = by_build_id(build_id)) return image;
  const std::string path = name.starts_with('/') ? name : directory_of(debug.path()) + "/" + name;
  for (const FileRoot& root : roots_) {
    auto image = open(root, path);
    if (image && image->build_id() == build_id) return image;
  }
  return nullptr;
}

}  // namespace track::symbolize
