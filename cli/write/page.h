// Text for people: colour when asked, lines wrapped at a width, paths as short as they can be.
#pragma once

#include <string>
#include <string_view>

namespace track::write {

struct TextOptions {
  bool colour = false;
  size_t width = 80;
  std::string directory;  // paths below it are shown relative to it
};

enum class Ink { plain, bold, red, yellow, green, dim };

class Page {
 public:
  explicit Page(TextOptions options) : options_(std::move(options)) {}

  std::string ink(Ink ink, std::string_view text) const;
  void line(std::string_view text = {});
  // Breaks at spaces; following lines are indented by `hang`.
  void wrapped(std::string_view text, size_t indent, size_t hang, Ink ink = Ink::plain);
  std::string short_path(const std::string& path) const;

  const TextOptions& options() const { return options_; }
  std::string take() { return std::move(text_); }

 private:
  TextOptions options_;
  std::string text_;
};

// At most `width` columns; cut text ends in "..".
std::string fitted(const std::string& text, size_t width);

}  // namespace track::write
