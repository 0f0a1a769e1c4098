#include "cli/write/source_root.h"

#include <filesystem>

namespace track::write {
namespace {

std::string tidy(const std::string& path) {
  std::string text = std::filesystem::path(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace

SourceRoot::SourceRoot(const std::string& directory) : directory_(tidy(directory)) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(directory, error);
  real_ = error ? directory_ : tidy(real.string());
}

std::optional<std::string> SourceRoot::below(const std::string& file) const {
  std::string path = tidy(file);
  const bool from_elsewhere = file.starts_with("./") || path.starts_with("../");
  while (path.starts_with("../")) path.erase(0, 3);
  if (path.empty() || path == "." || path == "..") return std::nullopt;
  std::error_code error;
  if (from_elsewhere && !std::filesystem::is_regular_file(real_ + "/" + path, error))
    return std::nullopt;
  if (path[0] != '/') return path;
  for (const std::string& root : {directory_, real_}) {
    const std::string start = root == "/" ? root : root + "/";
    if (path.size() > start.size() && path.starts_with(start)) return path.substr(start.size());
  }
  return std::nullopt;
}

std::string SourceRoot::shown(const std::string& file) const {
  return below(file).value_or(file);
}

}  // namespace track::write
