#include "cli/verbs/name_cache.h"

#include "cli/model/same_modules.h"

namespace track::verbs {
namespace {

constexpr auto kOldest = std::chrono::minutes(10);
constexpr size_t kMostAddresses = 200'000;

}  // namespace

std::shared_ptr<Names> NameCache::of(const Trace& trace, const SymbolSettings& settings,
                                     pid_t live_pid) {
  const auto now = std::chrono::steady_clock::now();
  const bool good = names_ && pid_ == live_pid && now - made_ < kOldest &&
                    names_->addresses() < kMostAddresses && same_modules(modules_, trace.modules);
  if (!good) {
    names_ = std::make_shared<Names>(trace, settings, live_pid);
    modules_ = trace.modules;
    pid_ = live_pid;
    made_ = now;
  }
  names_->name_profiles(settings.heap);
  return names_;
}

}  // namespace track::verbs
