// what: std::async futures are kept in a leaked table; their tasks wait for an answer (S15).
// expect: outlived-task suspected count=2 created_by=ask_replicas blocked_in=wait_for_answer
#include <future>
#include <latch>
#include <vector>

static std::latch asked(2);

int wait_for_answer(std::shared_future<int> answer) {
  asked.count_down();
  return answer.get();
}

struct Table {
  std::promise<int> answer;
  std::vector<std::future<int>> pending;
};

Table& table() {
  static auto* leaked = new Table;
  return *leaked;
}

void ask_replicas() {
  std::shared_future<int> answer = table().answer.get_future().share();
  for (int i = 0; i < 2; ++i)
    table().pending.push_back(std::async(std::launch::async, wait_for_answer, answer));
}

int main() {
  ask_replicas();
  asked.wait();
}
