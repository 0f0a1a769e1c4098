// The terminal while it shows a full screen: ncurses, and nothing else of the command knows it.
// As it was before, once this is gone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/write/page.h"

namespace track::top {

enum class Key : uint8_t {
  none,  // something else happened: the descriptor, a signal, the time is over
  character,
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  enter,
  escape,
  backspace,
  tab,
  back_tab,
  resized,
  closed,  // the terminal is no more, or a signal asked to end
};

struct Pressed {
  Key key = Key::none;
  char character = 0;  // ASCII
};

class Screen {
 public:
  // Throws Error: the terminal is not known, or cannot do it.
  explicit Screen(bool colour);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  size_t rows() const;
  size_t columns() const;
  bool wide() const { return wide_; }  // it is told UTF-8

  void clear();
  // Text is made harmless, and cut at the right edge.
  void put(size_t row, size_t column, std::string_view text, write::Ink ink = write::Ink::plain);
  void bar(size_t row, std::string_view left, std::string_view right);  // the whole row, reversed
  void invert(size_t row);
  void show();

  // At most so many milliseconds; negative: for ever. Also ends when the descriptor can be read.
  Pressed wait(int descriptor, int milliseconds);

 private:
  Pressed read_key();

  void* terminal_ = nullptr;
  bool colour_ = false, wide_ = false;
};

}  // namespace track::top
