#include "cli/verbs/tracker_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "cli/model/error.h"
#include "libtrack/wire/option_limits.h"
#include "libtrack/wire/samples.h"

namespace track::verbs {
namespace {

struct Known {
  const char* name;
  std::string_view type;
  const char* help;
};

constexpr Known kKnown[] = {
#define TRACK_OPTION(name, type, value, help) {#name, #type, help},
#include "libtrack/wire/options.def"
#undef TRACK_OPTION
};

// Set by track itself; as flags they would contradict what it does.
bool ours(std::string_view name) {
  return name == "dir" || name == "keep" || name == "reader";
}

// "99" or "99hz".
void check_rate(const std::string& value, const std::string& where) {
  unsigned rate = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, rate);
  const std::string_view unit(read.ptr, end);
  const bool known_unit = unit.empty() || unit == "hz" || unit == "Hz" || unit == "HZ";
  if (read.ec == std::errc::invalid_argument || !known_unit)
    throw Error(where + ": cpu=`" + value + "` is no rate; write 99 or 99hz");
  if (read.ec != std::errc() || rate > wire::kMostSamplesASecond)
    throw Error(where + ": cpu=`" + value + "` is out of range: 1 to " +
                std::to_string(wire::kMostSamplesASecond) + " samples a second, 0 for none");
}

void check_limit(const std::string& name, const std::string& value, const std::string& where) {
  for (const wire::OptionLimit& limit : wire::kOptionLimits) {
    if (name != limit.name) continue;
    uint64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    if (read.ec != std::errc() || number > limit.most)
      throw Error(where + ": " + name + "=`" + value + "` is too large; at most " +
                  std::to_string(limit.most));
  }
}

void check_option(const std::string& name, const std::string& value, const std::string& where) {
  const auto known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                  [&](const Known& option) { return option.name == name; });
  if (known == std::end(kKnown)) {
    std::string names;
    for (const Known& option : kKnown)
      names += std::string(names.empty() ? "" : ", ") + option.name;
    throw Error(where + ": there is no option `" + name + "`; one of " + names);
  }
  const bool digits = !value.empty() && std::all_of(value.begin(), value.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
  if (known->type == "flag" && value != "0" && value != "1")
    throw Error(where + ": " + name + "=`" + value + "` is neither 0 nor 1");
  if (name == "locks" && value != "0" && value != "1" && value != "all")
    throw Error(where + ": locks=`" + value + "` is none of 0, 1 and all");
  if (name == "alloc" && value != "off" && value != "exact" &&
      wire::sample_period(value.c_str()) == 0)
    throw Error(where + ": alloc=`" + value +
                "` is none of off, exact, sampled, or a mean distance of samples in bytes (4096, "
                "512k, 2m; at most 1024g)");
  if (name == "cpu") return check_rate(value, where);
  if (known->type == "number" && !digits)
    throw Error(where + ": " + name + "=`" + value + "` is no number");
  if (known->type == "number") check_limit(name, value, where);
}

std::string flag_name(std::string_view option) {
  std::string name = "--" + std::string(option);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace

void check_option_text(const std::string& text, const std::string& where) {
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ':');) {
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    if (equals == std::string::npos)
      throw Error(where + ": `" + item + "` has no value; write " + item + "=1");
    check_option(item.substr(0, equals), item.substr(equals + 1), where);
  }
}

std::string TrackerOptions::text() const {
  std::string result;
  for (const auto& [name, value] : given)
    if (!value.empty()) result += (result.empty() ? "" : ":") + name + "=" + value;
  return result;
}

bool TrackerOptions::says(const std::string& name) const {
  const auto flag = given.find(name);
  if (flag != given.end() && !flag->second.empty()) return true;
  const char* environment = std::getenv("TRACK_OPTIONS");
  return environment != nullptr &&
         (":" + std::string(environment)).find(":" + name + "=") != std::string::npos;
}

void TrackerOptions::check() const {
  for (const auto& [name, value] : given)
    if (!value.empty()) check_option(name, value, flag_name(name));
  if (const char* environment = std::getenv("TRACK_OPTIONS"); environment != nullptr)
    check_option_text(environment, "TRACK_OPTIONS");
}

void add_tracker_flags(CLI::App& verb, TrackerOptions& options) {
  for (const Known& option : kKnown)
    if (!ours(option.name))
      verb.add_option(flag_name(option.name), options.given[option.name], option.help)
          ->group("The tracker's options (also TRACK_OPTIONS=key=value:key=value)");
}

}  // namespace track::verbs
