// what: A thread waits for a future with a deadline and drops the request.
// expect: clean
#include <chrono>
#include <future>
#include <map>
#include <thread>

static auto& pending = *new std::map<int, std::promise<int>>;

void await_reply(std::future<int> reply) {
  reply.wait_for(std::chrono::milliseconds(10));
}

int main() {
  std::jthread request(await_reply, pending[7].get_future());
  request.join();
  pending.erase(7);
}
