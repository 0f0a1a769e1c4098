// The sections that a page shows. All sections of one view belong together (their frames are
// numbers into its own table), so a page keeps the view that it began with until it is loaded
// anew; pages that begin at about the same time share one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "cli/serve/target.h"
#include "cli/write/bundle.h"

namespace track::serve {

struct ServedView {
  Clock::time_point began;
  write::Bundle bundle;
  std::string meta;  // the section meta.json, unpacked
};

class Views {
 public:
  Views(Target& target, bool control) : target_(target), control_(control) {}

  // page: the number of the page that asks. fresh: look again. Throws Error: gone, not permitted.
  std::shared_ptr<const ServedView> of_page(uint64_t page, bool fresh);

 private:
  std::shared_ptr<const ServedView> make() const;
  size_t bytes() const;

  Target& target_;
  const bool control_;
  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<const ServedView>> pages_;
  std::shared_ptr<const ServedView> newest_;
};

}  // namespace track::serve
