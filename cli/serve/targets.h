// What is served: one target, every recorded process, or what a directory holds; the last two are
// looked for again, as they come and go.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/serve/deadlocks.h"
#include "cli/serve/stream.h"
#include "cli/serve/target.h"
#include "cli/serve/views.h"

namespace track::serve {

// A target with all that is kept of it.
struct Served {
  Served(TargetName name, const verbs::SymbolSettings& symbols, const verbs::JudgeSettings& judge,
         bool control)
      : target(std::move(name), symbols, judge), views(target, control), feed(target) {}

  Target target;
  Views views;
  Feed feed;
  SeenDeadlocks deadlocks;
};

struct WhatToServe {
  std::string target;  // empty: every recorded process of this user
  bool all = false;
  verbs::SymbolSettings symbols;
  verbs::JudgeSettings judge;
  bool control = false;
};

class Targets {
 public:
  // Throws Error: no such target.
  explicit Targets(const WhatToServe& what);

  bool many() const { return many_; }
  std::vector<std::shared_ptr<Served>> list();
  void forget_unused();  // now and then
  void wake();           // the server ends
  // Empty: the only one. Null: no such target, or which one?
  std::shared_ptr<Served> find(const std::string& id);

 private:
  std::vector<TargetName> names_now() const;
  void refresh();

  const WhatToServe what_;
  bool many_ = false;
  std::mutex mutex_;
  std::optional<Clock::time_point> refreshed_;
  std::map<std::string, std::shared_ptr<Served>> known_;
};

}  // namespace track::serve
