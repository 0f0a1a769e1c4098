// what: The middle stage of a pipeline ends at a bad element and closes neither side.
// expect: stuck-task created_by=start_source
// expect: stuck-task created_by=start_sink
#include "samples/kernels/kernel.h"

struct Pipeline {
  Queue<int> in{1}, out{1};
};

void start_source(Threads& threads, const std::shared_ptr<Pipeline>& line) {
  threads.start([line] {
    for (int i = 0; i < 8 && line->in.push(i); ++i) {
    }
  });
}

void start_sink(Threads& threads, const std::shared_ptr<Pipeline>& line) {
  threads.start([line] {
    while (line->out.pop()) {
    }
  });
}

void run_stage(Pipeline& line) {
  while (std::optional<int> value = line.in.pop()) {
    if (*value == 3) break;
    line.out.push(*value);
  }
  if (!kFixed) return;
  line.in.close();
  line.out.close();
}

int main() {
  auto line = std::make_shared<Pipeline>();
  Threads threads;
  start_source(threads, line);
  start_sink(threads, line);
  run_stage(*line);
}
