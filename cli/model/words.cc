#include "cli/model/words.h"

#include <cstdio>
#include <cstring>
#include <ctime>

namespace track {
namespace {

template <class... T>
std::string print(const char* format, T... values) {
  char text[64];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

unsigned long long whole(uint64_t value) {
  return value;
}

}  // namespace

std::string duration_text(uint64_t ns) {
  constexpr uint64_t kSecond = 1'000'000'000;
  if (ns < 1000) return print("%llu ns", whole(ns));
  if (ns < 1'000'000) return print("%llu us", whole(ns / 1000));
  if (ns < kSecond) return print("%llu ms", whole(ns / 1'000'000));
  if (ns < 10 * kSecond) return print("%.1f s", static_cast<double>(ns / 100'000'000) / 10);
  const uint64_t s = ns / kSecond;
  if (s < 120) return print("%llu s", whole(s));
  if (s < 7200) return print("%llu min %llu s", whole(s / 60), whole(s % 60));
  if (s < 172'800) return print("%llu h %llu min", whole(s / 3600), whole(s / 60 % 60));
  return print("%llu d %llu h", whole(s / 86'400), whole(s / 3600 % 24));
}

std::string bytes_text(uint64_t bytes) {
  if (bytes < 1024) return print("%llu B", whole(bytes));
  const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes) / 1024;
  int unit = 0;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    ++unit;
  }
  return print(value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  if (text.size() < 5) return text;
  for (size_t at = text.size() - 3; at > 0 && at < text.size(); at -= 3) {
    text.insert(at, " ");
    if (at <= 3) break;
  }
  return text;
}

std::string count_text(uint64_t count, const std::string& singular) {
  return grouped(count) + " " + singular + (count == 1 ? "" : "s");
}

std::string signal_text(int number) {
  const char* name = sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

std::string utc_text(uint64_t realtime_ns) {
  const auto seconds = static_cast<time_t>(realtime_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return text + print(".%03lluZ", whole(realtime_ns / 1'000'000 % 1000));
}

std::string hex_text(uint64_t value) {
  return print("0x%llx", whole(value));
}

}  // namespace track
