// Tests that run at the same time and share one io_context with its two threads; of what each test
// starts there, over handlers and coroutines, some threads never end. Prints "blamed NAME COUNT".
#define TRACK_TESTING_OWN_RUNNER
#include <track/testing.h>

#ifdef WITH_BOOST
#include <boost/asio.hpp>
namespace asio = boost::asio;
using boost::system::error_code;
#else
#include <asio.hpp>
using asio::error_code;
#endif
#include <sys/socket.h>

#include <cstdio>
#include <functional>
#include <future>

#include "tests/testing/leaks.h"

namespace {

// Each calls `then` from a handler, on a thread of the pool's.
using Then = std::function<void()>;
struct Way {
  const char* name;
  void (*go)(asio::io_context& io, Then then);
};

void posted(asio::io_context& io, Then then) {
  asio::post(io, [&io, then] { asio::defer(io, then); });
}
void timed(asio::io_context& io, Then then) {
  auto timer = std::make_shared<asio::steady_timer>(io, std::chrono::milliseconds(5));
  timer->async_wait([timer, then](error_code) { then(); });
}
void stranded(asio::io_context& io, Then then) {
  asio::post(asio::make_strand(io), then);
}
void read(asio::io_context& io, Then then) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
  auto socket = std::make_shared<asio::local::stream_protocol::socket>(
      io, asio::local::stream_protocol(), ends[0]);
  auto byte = std::make_shared<char>();
  socket->async_read_some(asio::buffer(byte.get(), 1),
                          [socket, byte, then](error_code, size_t) { then(); });
  asio::post(io, [end = ends[1]] {
    if (write(end, "x", 1) == 1) close(end);
  });
}
#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)
void spawned(asio::io_context& io, Then then) {
  asio::co_spawn(
      io,
      [then]() -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::use_awaitable);
        co_await asio::post(asio::use_awaitable);
        then();
      },
      asio::detached);
}
#endif
void thrown(asio::io_context& io, Then then) {
  asio::post(io, [then] {
    then();
    throw 1;  // the pool goes on; its labels must be its own again
  });
}

constexpr Way kWays[] = {{"posted", posted},     {"timed", timed},
                         {"stranded", stranded}, {"read", read},
#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)
                         {"spawned", spawned},
#endif
                         {"thrown", thrown}};

// The coroutine's frame is still there when it has said that it is done.
bool is_thread(const std::string& leak) {
  return leak.rfind("thread ", 0) == 0;
}

void run(asio::io_context& io) {
  for (;;) try {
      io.run();
      return;
    } catch (int) {
    }
}

}  // namespace

int main() {
  asio::io_context io;
  auto guard = asio::make_work_guard(io);
  std::vector<std::thread> pool;
  for (int i = 0; i < 2; ++i) pool.emplace_back([&io] { run(io); });

  std::mutex output;
  std::vector<std::thread> runners;
  for (int runner = 0; runner < 8; ++runner)
    runners.emplace_back([&, runner] {
      for (const Way& way : kWays) {
        const std::string name = way.name + std::string(".Test") + std::to_string(runner);
        track::testing::test test(name);
        test.rules_of().settle = std::chrono::milliseconds(0);
        const auto done = std::make_shared<std::promise<void>>();
        way.go(io, [done, runner] {
          for (int i = 0; i <= runner % 3; ++i) leaks::leak_thread();
          done->set_value();
        });
        done->get_future().wait();
        const auto all = test.finish();
        const std::lock_guard<std::mutex> lock(output);
        const auto leaks = static_cast<size_t>(std::count_if(all.begin(), all.end(), is_thread));
        std::printf("blamed %s %zu\n", name.c_str(), leaks);
      }
    });
  for (std::thread& runner : runners) runner.join();
  // The pool's own labels are none again.
  const auto labels = std::make_shared<std::promise<track_labels_t>>();
  asio::post(io, [labels] { labels->set_value(track_labels()); });
  std::printf("pool %u\n", labels->get_future().get());
#if !defined(ASIO_HAS_CO_AWAIT) && !defined(BOOST_ASIO_HAS_CO_AWAIT)
  std::puts("no coroutines");  // this Asio has none with this compiler
#endif
  std::puts("done");
  std::fflush(stdout);
  _exit(0);
}
