// what: A thread get()s a future whose promise is kept but never set (S05).
// expect: outlived-task suspected count=1 created_by=start_request blocked_in=await_reply
// flags: -fno-optimize-sibling-calls
#include <future>
#include <latch>
#include <map>
#include <thread>

static auto& pending = *new std::map<int, std::promise<int>>;
static std::latch waiting(1);

void await_reply(std::future<int> reply) {
  waiting.count_down();
  reply.get();
}

void start_request(int id) {
  std::thread(await_reply, pending[id].get_future()).detach();
}

int main() {
  start_request(7);
  waiting.wait();
}
