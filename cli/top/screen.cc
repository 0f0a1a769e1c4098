#include "cli/top/screen.h"

// Functions, not macros of such names as `clear` and `timeout`.
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "cli/model/error.h"
#include "cli/top/cells.h"

namespace track::top {
namespace {

constexpr int kEscapeDelay = 100;  // milliseconds; over a slow line a key's bytes come apart

volatile std::sig_atomic_t g_told_to_end = 0;

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// Signals come only while keys are waited for, never in the middle of drawing; and in this thread,
// which the others leave them to.
sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kEnding) sigaddset(&set, signal);
  sigaddset(&set, SIGWINCH);
  sigaddset(&set, SIGTSTP);
  return set;
}

short pair_of(write::Ink ink) {
  switch (ink) {
    case write::Ink::red:
      return 1;
    case write::Ink::yellow:
      return 2;
    case write::Ink::green:
      return 3;
    default:
      return 0;
  }
}

}  // namespace

Screen::Screen(bool colour) {
  // Before ncurses takes those that nobody has.
  struct sigaction action {};
  action.sa_handler = [](int) { g_told_to_end = 1; };
  for (const int signal : kEnding) sigaction(signal, &action, nullptr);
  const sigset_t ours = handled();
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  setlocale(LC_CTYPE, "");
  wide_ = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  terminal_ = newterm(nullptr, stdout, stdin);
  if (terminal_ == nullptr) {
    pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
    const char* name = std::getenv("TERM");
    throw Error(std::string("this machine does not know the terminal `") +
                (name == nullptr ? "" : name) +
                "`; try TERM=xterm track top ..., or --once for plain text");
  }
  set_escdelay(kEscapeDelay);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, true);
  nodelay(stdscr, true);
  curs_set(0);
  if (colour && has_colors()) {
    colour_ = true;
    start_color();
    const bool own = use_default_colors() == OK;
    const auto background = static_cast<short>(own ? -1 : COLOR_BLACK);
    init_pair(1, COLOR_RED, background);
    init_pair(2, COLOR_YELLOW, background);
    init_pair(3, COLOR_GREEN, background);
  }
}

Screen::~Screen() {
  endwin();
  delscreen(static_cast<SCREEN*>(terminal_));
  const sigset_t ours = handled();
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
}

size_t Screen::rows() const {
  return static_cast<size_t>(std::max(getmaxy(stdscr), 0));
}

size_t Screen::columns() const {
  return static_cast<size_t>(std::max(getmaxx(stdscr), 0));
}

void Screen::clear() {
  werase(stdscr);
}

void Screen::put(size_t row, size_t column, std::string_view text, write::Ink ink) {
  if (row >= rows() || column >= columns()) return;
  const std::string line = cut_to(shown(text, wide_), columns() - column);
  attr_t style = A_NORMAL;
  if (ink == write::Ink::bold || ink == write::Ink::red) style |= A_BOLD;
  if (ink == write::Ink::dim) style |= A_DIM;
  wattr_set(stdscr, style, colour_ ? pair_of(ink) : static_cast<short>(0), nullptr);
  mvwaddnstr(stdscr, static_cast<int>(row), static_cast<int>(column), line.c_str(), -1);
  wattr_set(stdscr, A_NORMAL, 0, nullptr);
}

void Screen::bar(size_t row, std::string_view left, std::string_view right) {
  put(row, 0, left);
  const size_t taken = columns_of(shown(left, wide_)), wanted = columns_of(shown(right, wide_));
  if (!right.empty() && taken + wanted + 2 <= columns()) put(row, columns() - wanted, right);
  invert(row);
}

void Screen::invert(size_t row) {
  if (row >= rows()) return;
  mvwchgat(stdscr, static_cast<int>(row), 0, -1, A_REVERSE, 0, nullptr);
}

void Screen::show() {
  wrefresh(stdscr);
}

Pressed Screen::read_key() {
  wint_t code = 0;
  const int sort = wget_wch(stdscr, &code);
  if (sort == ERR) return {};
  if (sort == KEY_CODE_YES) {
    switch (code) {
      case KEY_UP:
        return {Key::up};
      case KEY_DOWN:
        return {Key::down};
      case KEY_LEFT:
        return {Key::left};
      case KEY_RIGHT:
        return {Key::right};
      case KEY_PPAGE:
        return {Key::page_up};
      case KEY_NPAGE:
        return {Key::page_down};
      case KEY_HOME:
        return {Key::home};
      case KEY_END:
        return {Key::end};
      case KEY_ENTER:
        return {Key::enter};
      case KEY_BACKSPACE:
        return {Key::backspace};
      case KEY_BTAB:
        return {Key::back_tab};
      case KEY_RESIZE:
        return {Key::resized};
      default:
        return {Key::character};
    }
  }
  switch (code) {
    case '\r':
    case '\n':
      return {Key::enter};
    case '\t':
      return {Key::tab};
    case 27:
      return {Key::escape};
    case 8:
    case 127:
      return {Key::backspace};
    default:
      return {Key::character, code >= ' ' && code < 127 ? static_cast<char>(code) : '\0'};
  }
}

Pressed Screen::wait(int descriptor, int milliseconds) {
  if (g_told_to_end != 0) return {Key::closed};
  if (const Pressed pressed = read_key(); pressed.key != Key::none) return pressed;
  pollfd files[] = {{STDIN_FILENO, POLLIN, 0}, {descriptor, POLLIN, 0}};
  const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  sigset_t open;
  pthread_sigmask(SIG_SETMASK, nullptr, &open);
  const sigset_t ours = handled();
  for (int signal = 1; signal < NSIG; ++signal)
    if (sigismember(&ours, signal) == 1) sigdelset(&open, signal);
  const int ready = ppoll(files, 2, milliseconds < 0 ? nullptr : &time, &open);
  if (g_told_to_end != 0) return {Key::closed};
  if (ready > 0 && (files[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return {Key::closed};
  return read_key();
}

}  // namespace track::top
