// what: The same fibers give the mutex back; another hands numbers through a channel to the end.
// expect: clean
// flags: -Wl,--no-as-needed -lboost_fiber -lboost_context
#include <boost/fiber/all.hpp>

namespace {

boost::fibers::mutex session_table;
boost::fibers::buffered_channel<int> numbers(4);

[[gnu::noinline]] void handle_request() {
  const std::lock_guard guard(session_table);
  boost::this_fiber::yield();
}

void count() {
  for (int i = 0; i < 20; ++i) numbers.push(i);
  numbers.close();
}

}  // namespace

int main() {
  std::vector<boost::fibers::fiber> requests;
  for (int i = 0; i < 3; ++i) requests.emplace_back(handle_request);
  requests.emplace_back(count);
  int sum = 0;
  for (const int number : numbers) sum += number;
  for (auto& request : requests) request.join();
  return sum == 190 ? 0 : 1;
}
