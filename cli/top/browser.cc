#include "cli/top/browser.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/model/words.h"
#include "cli/top/cells.h"

namespace track::top {
namespace {

using serve::Clock;
using write::Ink;

constexpr size_t kHead = 4;  // title, counts, tabs, titles of the columns
constexpr size_t kFoot = 1;
constexpr std::chrono::nanoseconds kLeast = std::chrono::milliseconds(100),
                                   kMost = std::chrono::hours(1);

constexpr const char* kHelp[] = {
    "1 2 3, Tab       tasks; waits, lock by lock; leaks, with their evidence",
    "Up Down, k j     choose a row; PageUp, PageDown, Home, End",
    "Enter            its stacks, and all there is to say of it; q or Esc goes back",
    "s S              sort by the next column, the one before; at last: as they were found",
    "r                the other way round",
    "/                keep rows with these letters; Enter keeps it, Esc ends it",
    "g                tasks one by one, or together: by site, by stack, by state;",
    "                 GROWN is how many more there are than when this began",
    "f, Space         freeze: nothing is looked at until f again",
    "+ -              look more often, less often",
    "q, Ctrl-C        end",
    "",
    "The process is never stopped for it: what needs one instant of its memory to be",
    "proved is likely or suspected here; `track leaks PID` proves it. The more there is",
    "to look at, the longer from look to look: a twentieth of a processor at most.",
    "Green: on a CPU. Yellow: waits for a lock; ended, not joined. Red: an await cycle;",
    "a leak that `track check` fails on.",
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(brief(text.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

std::string seconds_text(std::chrono::nanoseconds time) {
  return duration_text(static_cast<uint64_t>(std::max<int64_t>(time.count(), 0)));
}

const char* group_text(write::GroupBy by) {
  switch (by) {
    case write::GroupBy::site:
      return "by site";
    case write::GroupBy::stack:
      return "by stack";
    case write::GroupBy::state:
      return "by state";
    default:
      return "";
  }
}

}  // namespace

serve::Needs needs_of(View view) {
  switch (view) {
    case View::waits:
      return serve::Needs::waits;
    case View::leaks:
      return serve::Needs::findings;
    default:
      return serve::Needs::tasks;
  }
}

Browser::Browser(Screen& screen, Sampler& sampler, std::string target,
                 const write::TextOptions& options)
    : screen_(screen), sampler_(sampler), target_(std::move(target)), options_(options) {}

void Browser::set(write::GroupBy by, const std::string& filter) {
  by_ = by;
  filter_ = filter;
}

std::string Browser::run(View first) {
  go(first);
  while (true) {
    take();
    if (!seen_.gone.empty() && !frozen_) return seen_.gone;
    arrange();
    draw();
    const Pressed pressed = screen_.wait(sampler_.descriptor(), frozen_ ? 1000 : -1);
    if (pressed.key == Key::closed || (pressed.key != Key::none && !press(pressed))) return {};
  }
}

void Browser::take() {
  Seen seen = sampler_.seen();
  // A look that was under way when it froze is not shown; one of what was never seen is.
  if (frozen_)
    for (size_t i = 0; i < seen.looks.size(); ++i)
      if (seen_.looks[i]) seen.looks[i] = seen_.looks[i];
  if (const auto& tasks = seen.of(serve::Needs::tasks);
      tasks && tasks != seen_.of(serve::Needs::tasks))
    changes_.add(*tasks);
  seen_ = std::move(seen);
}

void Browser::arrange() {
  table_ = {};
  all_rows_ = 0;
  const auto& look = seen_.of(needs_of(view_));
  if (!look) return;
  table_ = view_ == View::tasks   ? task_table(look, by_, changes_)
           : view_ == View::waits ? wait_table(look)
                                  : leak_table(look);
  all_rows_ = table_.rows.size();
  filter_rows(table_, filter_);
  sort_rows(table_, place().order);
  Place& at = place();
  const auto chosen = std::find_if(table_.rows.begin(), table_.rows.end(),
                                   [&](const Row& row) { return row.key == at.chosen; });
  if (chosen != table_.rows.end()) at.row = static_cast<size_t>(chosen - table_.rows.begin());
  move(0);
}

size_t Browser::body_rows() const {
  const size_t rows = screen_.rows();
  return rows > kHead + kFoot ? rows - kHead - kFoot : 1;
}

size_t Browser::row_columns() const {
  return screen_.columns() > 2 ? screen_.columns() - 2 : 1;
}

void Browser::draw() {
  screen_.clear();
  draw_head();
  if (page_ == Page::none)
    draw_rows();
  else
    draw_page();
  draw_foot();
  screen_.show();
}

void Browser::draw_head() {
  std::string right;
  if (frozen_)
    right = "FROZEN for " + seconds_text(Clock::now() - frozen_at_) + ", f goes on ";
  else if (seen_.pace.count() != 0)
    right = "every " + seconds_text(seen_.pace) + " ";
  screen_.bar(0, " track top  " + target_, right);
  const auto& look =
      seen_.of(needs_of(view_)) ? seen_.of(needs_of(view_)) : seen_.of(serve::Needs::tasks);
  if (!seen_.gone.empty())
    screen_.put(1, 1, "it is gone: " + seen_.gone, Ink::red);
  else if (!seen_.trouble.empty())
    screen_.put(1, 1, seen_.trouble, Ink::red);
  else if (look)
    screen_.put(1, 1, counts_line(*look));
  size_t column = 1;
  const auto tab = [&](View view, std::string text, size_t count, Ink ink) {
    if (seen_.of(needs_of(view))) text += fmt::format(" ({})", count);
    if (view == view_) text = "[" + text + "]";
    screen_.put(2, column, text, view == view_ && ink == Ink::plain ? Ink::bold : ink);
    column += text.size() + 2;
  };
  size_t tasks = 0, leaks = 0;
  if (const auto& all = seen_.of(serve::Needs::tasks))
    for (const Loaded& loaded : all->processes) {
      const Trace& trace = loaded.report.trace;
      tasks += trace.threads.size() + trace.coroutines.size() + trace.fibers.size();
    }
  if (const auto& judged = seen_.of(serve::Needs::findings)) leaks = findings_of(*judged);
  tab(View::tasks, "1 Tasks", tasks, Ink::plain);
  size_t waits = 0;
  if (const auto& all = seen_.of(serve::Needs::waits))
    waits = view_ == View::waits ? all_rows_ : wait_table(all).rows.size();
  tab(View::waits, "2 Waits", waits, Ink::plain);
  tab(View::leaks, "3 Leaks", leaks, leaks == 0 ? Ink::plain : Ink::red);
  std::string how;
  if (view_ == View::tasks) how = group_text(by_);
  if (!filter_.empty() || typing_) {
    how += std::string(how.empty() ? "" : ", ") + "filter: " + filter_ + (typing_ ? "_" : "");
    if (!typing_) how += fmt::format(" ({} of {})", table_.rows.size(), all_rows_);
  }
  screen_.put(2, column + 1, how, Ink::yellow);
}

void Browser::draw_rows() {
  if (!seen_.of(needs_of(view_))) {
    screen_.put(kHead, 1, seen_.trouble.empty() ? "looking ..." : "", Ink::dim);
    return;
  }
  if (table_.rows.empty()) {
    screen_.put(kHead, 1, all_rows_ == 0 ? table_.empty : "no row has these letters; Esc shows all",
                Ink::dim);
    return;
  }
  const std::vector<size_t> widths = column_widths(table_, row_columns());
  screen_.put(kHead - 1, 1, title_line(table_, widths, place().order), Ink::bold);
  const size_t body = body_rows();
  const Place& at = place();
  for (size_t i = 0; i < body && at.scroll + i < table_.rows.size(); ++i) {
    const Row& row = table_.rows[at.scroll + i];
    screen_.put(kHead + i, 1, row_line(table_, widths, row), row.ink);
    if (at.scroll + i == at.row) screen_.invert(kHead + i);
  }
}

std::vector<std::string> Browser::page_lines() {
  if (page_ == Page::help) return {std::begin(kHelp), std::end(kHelp)};
  const auto row = std::find_if(table_.rows.begin(), table_.rows.end(),
                                [&](const Row& one) { return one.key == page_key_; });
  page_left_ = row == table_.rows.end();
  if (!page_left_) {
    write::TextOptions options = options_;
    options.colour = false;
    options.width = row_columns();
    write::Page page(options);
    row->detail(page);
    page_text_ = lines_of(page.take());
  }
  return page_text_;
}

void Browser::draw_page() {
  const std::vector<std::string> lines = page_lines();
  const size_t body = body_rows();
  page_scroll_ = std::min(page_scroll_, lines.size() > body ? lines.size() - body : 0);
  if (page_left_ && page_ == Page::detail)
    screen_.put(kHead - 1, 1, "it is no more; as it was seen last:", Ink::yellow);
  for (size_t i = 0; i < body && page_scroll_ + i < lines.size(); ++i)
    screen_.put(kHead + i, 1, lines[page_scroll_ + i],
                page_scroll_ + i == 0 ? Ink::bold : Ink::plain);
  page_more_ = page_scroll_ + body < lines.size();
}

void Browser::draw_foot() {
  if (screen_.rows() < 2) return;
  const char* keys = typing_ ? " letters to look for; Enter keeps them, Esc ends it"
                     : page_ != Page::none
                         ? " q back  Up Down scroll  f freeze"
                         : " q quit  Tab view  Enter stack  s r sort  / filter  g group  "
                           "f freeze  ? help";
  screen_.bar(screen_.rows() - 1, keys, page_ != Page::none && page_more_ ? "more below " : "");
}

void Browser::go(View view) {
  view_ = view;
  page_ = Page::none;
  sampler_.show(needs_of(view));
}

void Browser::move(long rows) {
  Place& at = place();
  const auto count = static_cast<long>(table_.rows.size());
  const long row = std::clamp<long>(static_cast<long>(at.row) + rows, 0, std::max(count - 1, 0L));
  at.row = static_cast<size_t>(row);
  if (rows != 0 && count != 0) at.chosen = table_.rows[at.row].key;
  const size_t body = body_rows();
  if (at.row < at.scroll) at.scroll = at.row;
  if (at.row >= at.scroll + body) at.scroll = at.row - body + 1;
  if (at.scroll + body > table_.rows.size())
    at.scroll = table_.rows.size() > body ? table_.rows.size() - body : 0;
}

// Only by columns that are seen.
void Browser::sort_by(int step) {
  const std::vector<size_t> widths = column_widths(table_, row_columns());
  const int count = static_cast<int>(table_.columns.size());
  int& column = place().order.column;
  do {
    column += step;
    if (column >= count) column = -1;
    if (column < -1) column = count - 1;
  } while (column >= 0 && widths[static_cast<size_t>(column)] == 0);
  place().order.reversed = false;
  place().row = place().scroll = 0;
  place().chosen.clear();
}

void Browser::freeze() {
  frozen_ = !frozen_;
  frozen_at_ = Clock::now();
  sampler_.freeze(frozen_);
}

void Browser::open(Page page) {
  if (page == Page::detail) {
    if (table_.rows.empty()) return;
    page_key_ = place().chosen = table_.rows[place().row].key;
  }
  page_ = page;
  page_scroll_ = 0;
}

void Browser::type(const Pressed& pressed) {
  if (pressed.key == Key::character && pressed.character != 0) filter_ += pressed.character;
  if (pressed.key == Key::backspace && !filter_.empty()) filter_.pop_back();
  if (pressed.key == Key::escape) filter_.clear();
  if (pressed.key == Key::escape || pressed.key == Key::enter) typing_ = false;
  place().row = place().scroll = 0;
}

bool Browser::letter(char c) {
  switch (c) {
    case 'q':
    case 'Q':
      if (page_ == Page::none) return false;
      page_ = Page::none;
      break;
    case '1':
    case '2':
    case '3':
      go(static_cast<View>(c - '1'));
      break;
    case 'k':
      return press({Key::up});
    case 'j':
      return press({Key::down});
    case 's':
      sort_by(1);
      break;
    case 'S':
      sort_by(-1);
      break;
    case 'r':
      place().order.reversed = !place().order.reversed;
      break;
    case '/':
      page_ = Page::none;
      typing_ = true;
      break;
    case 'g':
      if (view_ != View::tasks) break;
      by_ = by_ == write::GroupBy::state ? write::GroupBy::nothing
                                         : static_cast<write::GroupBy>(static_cast<int>(by_) + 1);
      page_ = Page::none;
      place() = {};
      break;
    case 'f':
    case ' ':
      freeze();
      break;
    case '+':
      sampler_.set_interval(std::max(sampler_.interval() / 2, kLeast));
      break;
    case '-':
      sampler_.set_interval(std::min(sampler_.interval() * 2, kMost));
      break;
    case '?':
    case 'h':
      open(Page::help);
      break;
    default:
      break;
  }
  return true;
}

bool Browser::press(const Pressed& pressed) {
  if (typing_) {
    type(pressed);
    return true;
  }
  const auto page = static_cast<long>(body_rows());
  const auto scroll = [&](long rows) {
    if (page_ == Page::none) return move(rows);
    const long to = static_cast<long>(page_scroll_) + rows;
    page_scroll_ = to < 0 ? 0 : static_cast<size_t>(std::min(to, 1L << 20));
  };
  switch (pressed.key) {
    case Key::character:
      return letter(pressed.character);
    case Key::up:
      scroll(-1);
      break;
    case Key::down:
      scroll(1);
      break;
    case Key::page_up:
      scroll(-page);
      break;
    case Key::page_down:
      scroll(page);
      break;
    case Key::home:
      scroll(-(1L << 20));
      break;
    case Key::end:
      scroll(1L << 20);
      break;
    case Key::enter:
    case Key::right:
      if (page_ == Page::none) open(Page::detail);
      break;
    case Key::escape:
    case Key::backspace:
    case Key::left:
      if (page_ != Page::none)
        page_ = Page::none;
      else if (pressed.key == Key::escape)
        filter_.clear();
      break;
    case Key::tab:
      go(static_cast<View>((static_cast<int>(view_) + 1) % 3));
      break;
    case Key::back_tab:
      go(static_cast<View>((static_cast<int>(view_) + 2) % 3));
      break;
    default:
      break;
  }
  return true;
}

}  // namespace track::top
