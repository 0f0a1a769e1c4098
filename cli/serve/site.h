// Every address of the server, and who may ask for it.
#pragma once

#include <set>
#include <string>

#include "cli/serve/address.h"
#include "cli/serve/request.h"
#include "cli/serve/stop.h"
#include "cli/serve/targets.h"

namespace track::serve {

class Site {
 public:
  Site(Targets& targets, const ListenAddress& listen, bool control, const Stop& stop);

  Reply answer(const Request& request);
  const std::string& token() const { return token_; }

 private:
  Reply route(const Request& request);
  Reply page(const Request& request);
  Reply api(const Request& request, const std::string& what);
  Reply section(Served& served, const Request& request, const std::string& name);
  Reply live(const std::shared_ptr<Served>& served, const Request& request);
  Reply control(Served& served, const std::string& what);
  Reply of_target(const std::string& id, const std::string& path, const Request& request);
  uint64_t page_of(const Request& request) const;

  Targets& targets_;
  const ListenAddress listen_;
  const bool control_;
  const Stop& stop_;
  const std::string token_ = random_token();
  std::mutex mutex_;
  uint64_t pages_ = 0;           // numbers given away
  std::set<uint64_t> unopened_;  // of them, those that were not shown yet
};

}  // namespace track::serve
