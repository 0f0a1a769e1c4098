// `/metrics`, in the text format of Prometheus: names by its rules, no label that is an address or
// the number of a task.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/serve/request.h"
#include "cli/serve/targets.h"

namespace track::serve {

// Families in the order in which they were named first, each with its samples.
class MetricText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // type: gauge or counter.
  void add(const std::string& name, const char* type, const char* help, const Labels& labels,
           double value);
  std::string take();

 private:
  struct Family {
    std::string name, head, samples;
  };
  std::vector<Family> families_;
};

// Of one target without labels of its own; of several each with `program` and `pid`.
Reply metrics_reply(const std::vector<std::shared_ptr<Served>>& targets);

}  // namespace track::serve
