#include "samples/chat_server/options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string_view>

namespace {

[[noreturn]] void refuse(const std::string& problem) {
  std::fprintf(
      stderr,
      "chat_server: %s\n"
      "usage: chat_server [--port N] [--threads N] [--workers N] [--idle SECONDS]\n"
      "  [--mode chat|echo] [--leak none|session|writer|timer|worker|lock|joinless|all,…]\n",
      problem.c_str());
  std::exit(2);
}

int parse_number(const std::string& flag, const std::string& value, int least) {
  char* end = nullptr;
  const long number = std::strtol(value.c_str(), &end, 10);
  if (value.empty() || *end != '\0' || number < least || number > 65535) {
    refuse(flag + " needs a number from " + std::to_string(least) + ", not '" + value + "'");
  }
  return static_cast<int>(number);
}

Leaks parse_leaks(const std::string& list) {
  Leaks leaks;
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');) {
    const bool all = name == "all";
    if (all || name == "session") leaks.session = true;
    if (all || name == "writer") leaks.writer = true;
    if (all || name == "timer") leaks.timer = true;
    if (all || name == "worker") leaks.worker = true;
    if (all || name == "lock") leaks.lock = true;
    if (all || name == "joinless") leaks.joinless = true;
    constexpr std::string_view kNames[] = {"none",  "all",    "session", "writer",
                                           "timer", "worker", "lock",    "joinless"};
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames))
      refuse("no leak is called '" + name + "'");
  }
  return leaks;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string flag = argv[i];
    std::string value;
    if (const auto equals = flag.find('='); equals != std::string::npos) {
      value = flag.substr(equals + 1);
      flag.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    }
    if (flag == "--port") {
      options.port = parse_number(flag, value, 0);
    } else if (flag == "--threads") {
      options.threads = parse_number(flag, value, 1);
    } else if (flag == "--workers") {
      options.workers = parse_number(flag, value, 1);
    } else if (flag == "--idle") {
      options.idle_s = parse_number(flag, value, 1);
    } else if (flag == "--mode" && (value == "chat" || value == "echo")) {
      options.echo = value == "echo";
    } else if (flag == "--leak") {
      options.leaks = parse_leaks(value);
    } else {
      refuse("cannot read '" + flag + " " + value + "'");
    }
  }
  return options;
}
