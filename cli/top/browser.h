// The three tables on a screen: keys move, sort, filter and freeze them, and open what there is to
// say of one row.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "cli/top/changes.h"
#include "cli/top/sampler.h"
#include "cli/top/screen.h"
#include "cli/top/table.h"
#include "cli/top/tables.h"

namespace track::top {

enum class View : uint8_t { tasks, waits, leaks };

serve::Needs needs_of(View view);

class Browser {
 public:
  Browser(Screen& screen, Sampler& sampler, std::string target, const write::TextOptions& options);

  void set(write::GroupBy by, const std::string& filter);
  // Until the person or the target ends it; why the target did, else nothing.
  std::string run(View first);
  // What was shown last.
  const Seen& seen() const { return seen_; }

 private:
  enum class Page : uint8_t { none, detail, help };
  struct Place {
    Order order;
    std::string chosen;  // the row's key
    size_t row = 0, scroll = 0;
  };

  void take();     // what was seen meanwhile
  void arrange();  // the table that is shown
  void draw();
  void draw_head();
  void draw_rows();
  void draw_page();
  void draw_foot();
  bool press(const Pressed& pressed);  // false: enough
  bool letter(char c);
  void type(const Pressed& pressed);
  void go(View view);
  void move(long rows);
  void sort_by(int step);
  void freeze();
  void open(Page page);
  std::vector<std::string> page_lines();
  size_t body_rows() const, row_columns() const;
  Place& place() { return places_[static_cast<size_t>(view_)]; }

  Screen& screen_;
  Sampler& sampler_;
  const std::string target_;
  const write::TextOptions options_;
  Seen seen_;
  Changes changes_;
  View view_ = View::tasks;
  std::array<Place, 3> places_;
  write::GroupBy by_ = write::GroupBy::nothing;
  std::string filter_;
  bool typing_ = false, frozen_ = false;
  serve::Clock::time_point frozen_at_;
  Page page_ = Page::none;
  size_t page_scroll_ = 0;
  std::vector<std::string> page_text_;
  std::string page_key_;
  bool page_more_ = false;  // there is more of it below
  bool page_left_ = false;  // the row of the page is no more
  Table table_;
  size_t all_rows_ = 0;
};

}  // namespace track::top
