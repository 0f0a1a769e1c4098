// Threads that wait, and a coroutine that is suspended, each kept in another way; says "ready".
#include <unistd.h>

#include <condition_variable>
#include <coroutine>
#include <cstdio>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

struct Gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool open = false;
  void pass() {
    std::unique_lock lock(mutex);
    opened.wait(lock, [this] { return open; });
  }
};

struct Channel {
  virtual ~Channel() = default;
  Gate gate;
};
struct NamedChannel : Channel {
  char name[24] = {};
};
struct Slot {
  long number = 0;
  Gate gate;
};
struct Plain {
  long number = 0;
};
struct LargerPlain : Plain {  // nothing in it says that it is no Plain
  Gate gate;
};
struct Holder {  // begins with an object that has a table, and is none itself
  Channel first;
  Gate second;
};
union Choice {
  Slot* slot;
  Channel* channel;
};

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};
Task session() {
  co_await std::suspend_always{};
}
struct Session {
  int number = 0;
  Task frame;
};

[[gnu::used]] std::vector<Channel*> channels;
[[gnu::used]] std::map<int, std::shared_ptr<Slot>> slots;
[[gnu::used]] std::unordered_map<int, std::unique_ptr<Slot>> hashed;
[[gnu::used]] std::list<Slot*> listed;
[[gnu::used]] Plain* plain;
[[gnu::used]] void* opaque;
[[gnu::used]] Choice choice;
struct Server {
  int port = 80;
  std::vector<Session*> sessions[2];
} server [[gnu::used]];

std::vector<Slot*>& registry() {
  static std::vector<Slot*> inside;
  return inside;
}

__attribute__((noinline)) void park(Gate* gate) {
  std::thread([gate] { gate->pass(); }).detach();
}

__attribute__((noinline)) void set_up() {
  channels.push_back(new NamedChannel);
  park(&channels.back()->gate);
  slots[7] = std::make_shared<Slot>();
  park(&slots[7]->gate);
  hashed[7] = std::make_unique<Slot>();
  park(&hashed[7]->gate);
  listed.push_back(new Slot);
  park(&listed.back()->gate);
  auto* larger = new LargerPlain;
  plain = larger;
  park(&larger->gate);
  auto* holder = new Holder;
  opaque = holder;
  park(&holder->second);
  choice.slot = new Slot;
  park(&choice.slot->gate);
  registry().push_back(new Slot);
  park(&registry().back()->gate);
  server.sessions[1].push_back(new Session{1, session()});
}

}  // namespace

int main() {
  set_up();
  std::puts("ready");
  std::fflush(stdout);
  pause();
}
