#include "cli/verbs/name_cache.h"

#include "cli/model/same_modules.h"

namespace track::verbs {
namespace {

constexpr auto kOldest = std::chrono::minutes(10);
constexpr auto kSearchPace = std::chrono::seconds(10);
constexpr size_t kMostAddresses = 200'000;

}  // namespace

std::shared_ptr<Names> NameCache::of(const Trace& trace, const SymbolSettings& settings,
                                     pid_t live_pid) {
  const auto now = Clock::now();
  const bool good = names_ && pid_ == live_pid && now - made_ < kOldest &&
                    names_->addresses() < kMostAddresses && same_modules(modules_, trace.modules);
  if (!good) {
    names_ = std::make_shared<Names>(trace, settings, live_pid);
    modules_ = trace.modules;
    pid_ = live_pid;
    made_ = now;
    none_found_ = {};
  }
  names_->name_profiles(settings.heap);
  return names_;
}

bool NameCache::searched_lately() const {
  return none_found_ != Clock::time_point() && Clock::now() - none_found_ < kSearchPace;
}

void NameCache::searched(bool found_any) {
  none_found_ = found_any ? Clock::time_point() : Clock::now();
}

}  // namespace track::verbs
