// what: Blocks that nothing refers to are found when asked for, and do not fail the gate.
// expect: leaked-memory proved count=3
// options: --memory
// exit: 0
// flags: -O0
#include <memory>

struct Session {
  virtual ~Session() = default;
  std::unique_ptr<int[]> room = std::make_unique<int[]>(100);
};

[[gnu::noinline]] static void lose() {
  for (int i = 0; i < 3; ++i) {
    auto* session = new Session;
    session->room[0] = i;
  }
}

[[gnu::noinline]] static void wipe_stack() {
  volatile char room[8192];
  for (volatile char& byte : room) byte = 0;
}

int main() {
  lose();
  wipe_stack();
}
