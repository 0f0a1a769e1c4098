// what: std::async tasks get their answer and are joined by their futures.
// expect: clean
#include <future>
#include <vector>

int wait_for_answer(std::shared_future<int> answer) {
  return answer.get();
}

int ask_replicas() {
  std::promise<int> answer;
  std::shared_future<int> shared = answer.get_future().share();
  std::vector<std::future<int>> pending;
  for (int i = 0; i < 2; ++i)
    pending.push_back(std::async(std::launch::async, wait_for_answer, shared));
  answer.set_value(21);
  int sum = 0;
  for (std::future<int>& reply : pending) sum += reply.get();
  return sum;
}

int main() {
  return ask_replicas() == 42 ? 0 : 1;
}
