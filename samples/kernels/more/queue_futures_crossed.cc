// what: Two tasks each wait for the other one's result before they give their own.
// expect: stuck-task created_by=launch
// options: --timeout 1s
#include "samples/kernels/kernel.h"

[[gnu::noinline]] std::future<void> launch(std::shared_future<int> other, std::promise<int> own) {
  return std::async(std::launch::async, [other, own = std::move(own)]() mutable {
    if (kFixed) own.set_value(1);
    const int value = other.get();
    if (!kFixed) own.set_value(value);
  });
}

int main() {
  std::promise<int> left, right;
  std::shared_future<int> from_left = left.get_future().share();
  std::shared_future<int> from_right = right.get_future().share();
  std::future<void> first = launch(from_right, std::move(left));
  std::future<void> second = launch(from_left, std::move(right));
  first.get();
  second.get();
}
