// what: Sessions that a global registry keeps are suspected at most, and nothing of them is lost.
// expect: gate-clean
// options: --memory
#include <map>
#include <memory>

#include "samples/support/task.h"

struct Session {
  std::unique_ptr<int[]> room = std::make_unique<int[]>(100);
  co::event ready;
};

static std::map<int, std::unique_ptr<Session>> registry;

co::detached serve(Session& session) {
  co_await session.ready;
}

int main() {
  for (int i = 0; i < 3; ++i) {
    registry[i] = std::make_unique<Session>();
    serve(*registry[i]);
  }
}
