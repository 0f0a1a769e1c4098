#include "cli/analyze/baseline.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "cli/model/error.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr const char* kHead = "libtrack-baseline ";
constexpr int kVersion = 1;
constexpr size_t kFingerprint = 16;

bool is_fingerprint(const std::string& text) {
  return text.size() == kFingerprint &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

template <class Number>
bool parse_number(const std::string& text, Number& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && !text.empty();
}

// The end of one line of a file, whatever a name or an edited file holds: reads back as itself.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  text.erase(text.find_last_not_of(' ') + 1);
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

// What counts: failing, or it would if it were not allowed.
bool counts(const Finding& finding) {
  return finding.failing || finding.baseline == BaselineState::known;
}

// Found, whether this gate's --fail-on asks for it or not: what it does not ask for is not gone.
bool is_there(const Finding& finding) {
  return finding.suppressed_by.empty();
}

std::map<std::string, Baseline::Entry> sums_of(const Report& report,
                                               bool (*which)(const Finding&)) {
  std::map<std::string, Baseline::Entry> sums;
  for (const ProcessReport& process : report.processes)
    for (const Finding& finding : process.findings) {
      if (!which(finding)) continue;
      Baseline::Entry& sum = sums[finding.fingerprint];
      sum.count += finding.count;
      sum.rule = rule_name(finding.rule);
      if (sum.title.empty()) sum.title = one_line(finding.title);
    }
  return sums;
}

}  // namespace

Baseline::Baseline(const std::string& text, const std::string& file) {
  std::istringstream lines(text);
  std::string line;
  int number = 0;
  const auto fail = [&](const std::string& why) {
    return Error(file + ":" + std::to_string(number) + ": " + why);
  };
  const auto next = [&] {
    while (std::getline(lines, line)) {
      ++number;
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.find_first_not_of(" \t") != std::string::npos && line[0] != '#') return true;
    }
    return false;
  };
  const std::string other = "; write a new one with --baseline FILE --update-baseline";
  int version = 0;
  if (!next()) throw Error(file + ": this baseline is empty" + other);
  if (!line.starts_with(kHead) || !parse_number(line.substr(std::string(kHead).size()), version))
    throw fail("this is no baseline: its first line is not `" + std::string(kHead) +
               std::to_string(kVersion) + "`" + other);
  if (version != kVersion)
    throw fail("this baseline has version " + std::to_string(version) + ", and this track reads " +
               std::to_string(kVersion) + other);
  while (next()) {
    std::istringstream words(line);
    std::string fingerprint, count;
    Entry entry;
    words >> fingerprint >> count >> entry.rule;
    if (!is_fingerprint(fingerprint) || !parse_number(count, entry.count) || entry.count == 0 ||
        !parse_rule(entry.rule))
      throw fail("a line of a baseline is FINGERPRINT COUNT RULE TITLE, not `" + line + "`");
    std::getline(words >> std::ws, entry.title);
    entry.title = one_line(entry.title);
    if (!entries_.try_emplace(fingerprint, std::move(entry)).second)
      throw fail("fingerprint " + fingerprint + " is there twice: keep one of the lines");
  }
}

std::string Baseline::text() const {
  std::string text = kHead + std::to_string(kVersion) +
                     "\n# known findings: fingerprint, how many tasks, rule, title. Made by "
                     "`track check --baseline FILE --update-baseline`.\n";
  for (const auto& [fingerprint, entry] : entries_)
    text += fingerprint + " " + std::to_string(entry.count) + " " + entry.rule + " " + entry.title +
            "\n";
  return text;
}

void Baseline::apply(Report& report) const {
  const auto sums = sums_of(report, counts), there = sums_of(report, is_there);
  BaselineUse use;
  for (ProcessReport& process : report.processes)
    for (Finding& finding : process.findings) {
      if (!counts(finding)) continue;
      const auto known = entries_.find(finding.fingerprint);
      finding.allowed = known == entries_.end() ? 0 : known->second.count;
      finding.baseline = known == entries_.end() ? BaselineState::fresh
                         : sums.at(finding.fingerprint).count > finding.allowed
                             ? BaselineState::grown
                             : BaselineState::known;
      finding.failing = finding.baseline != BaselineState::known;
      use.known += !finding.failing;
    }
  for (const auto& [fingerprint, entry] : entries_)
    if (there.find(fingerprint) == there.end())
      use.gone.push_back(fingerprint + " " + entry.rule + " " + entry.title);
  report.baseline = std::move(use);
}

Baseline Baseline::updated(const Report& report, Growth growth, bool whole) const {
  const auto there = sums_of(report, is_there);
  Baseline result;
  for (const auto& [fingerprint, entry] : entries_) {
    const auto now = there.find(fingerprint);
    Entry kept = entry;
    if (whole) kept.count = now == there.end() ? 0 : std::min(entry.count, now->second.count);
    if (kept.count != 0) result.entries_[fingerprint] = std::move(kept);
  }
  if (growth == Growth::refused) return result;
  for (const auto& [fingerprint, sum] : sums_of(report, counts)) {
    Entry& entry = result.entries_[fingerprint];
    if (entry.count < sum.count) entry = sum;
  }
  return result;
}

}  // namespace track::analyze
