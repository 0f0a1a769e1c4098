#include "cli/model/symbols.h"

#include <doctest/doctest.h>

#include "cli/model/words.h"
#include "tests/support/trace_builder.h"

using namespace track;
using test::TraceBuilder;

TEST_CASE("short names drop parameters, template arguments and return types") {
  CHECK(short_function("main") == "main");
  CHECK(short_function("net::accept(int, char const*)") == "net::accept");
  CHECK(short_function("void run<int, std::pair<int, int> >(int)") == "run");
  CHECK(short_function(
            "std::thread& std::vector<std::thread>::emplace_back<void (&)()>(void (&)())") ==
        "std::vector::emplace_back");
  CHECK(short_function("decltype (::new (0) T((declval<int>)())) std::construct_at<T>(T*)") ==
        "std::construct_at");
  CHECK(short_function("Cache::get(int) const") == "Cache::get");
  CHECK(short_function("main::{lambda()#1}::operator()() const") == "main::{lambda#1}::operator()");
  CHECK(short_function("main(int, char**)::<lambda(int)>::operator()(int) const") ==
        "main::<lambda>::operator()");
  CHECK(short_function("main::(anonymous)::operator()") == "main::<lambda>::operator()");
  CHECK(short_function("(anonymous namespace)::work(int)") == "(anonymous namespace)::work");
  CHECK(short_function("operator new(unsigned long)") == "operator new");
  CHECK(short_function("Flag::operator bool() const") == "Flag::operator bool");
  CHECK(short_function("bool operator< <int>(Box<int>, Box<int>)") == "operator<");
}

TEST_CASE("the libraries' frames around a thread's start are no part of a printed stack") {
  TraceBuilder t;
  const StackIndex at =
      t.stack({"std::condition_variable::wait(std::unique_lock<std::mutex>&)", "Pool::work()@63",
               "std::thread::_State_impl<std::thread::_Invoker<std::tuple<int> > >::_M_run()",
               "execute_native_thread_routine", "start_thread", "clone3"});
  const auto lines = stack_lines(t.trace, t.symbols, at, Prune::plumbing);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].function == "Pool::work()");
  CHECK(stack_lines(t.trace, t.symbols, at, Prune::tracker).size() == 6);
}

TEST_CASE("a stack of nothing but library frames is printed as it is") {
  TraceBuilder t;
  const StackIndex at = t.stack({"start_thread", "clone3"});
  CHECK(stack_lines(t.trace, t.symbols, at, Prune::plumbing).size() == 2);
}

TEST_CASE("libtrack's own frames are never shown") {
  TraceBuilder t;
  t.trace.modules.push_back({"/lib/libtrack.so", "", 0x700000, 0x700000, 0x710000, 0, 0});
  const StackIndex at = t.stack({"work@1"});
  t.trace.stacks[at].addresses.insert(t.trace.stacks[at].addresses.begin(), 0x700010);
  t.symbols.code[{0x700010, 0}] = {0x700010, 1, 0x10, {}};
  CHECK(stack_lines(t.trace, t.symbols, at, Prune::tracker).size() == 1);
}

TEST_CASE("an address without a name is module and offset, without a module itself") {
  TraceBuilder t;
  const StackIndex at = t.stack({"x"});
  t.symbols.code.begin()->second.frames.clear();
  CHECK(where_text(t.trace, t.symbols, at) == "server+0x10");
  t.symbols.code.clear();
  CHECK(where_text(t.trace, t.symbols, at) == "0x400010");
}

TEST_CASE("figures are humane") {
  CHECK(duration_text(0) == "0 ns");
  CHECK(duration_text(85'000'000) == "85 ms");
  CHECK(duration_text(3'250'000'000) == "3.2 s");
  CHECK(duration_text(250'000'000'000) == "4 min 10 s");
  CHECK(duration_text(183'600'000'000'000) == "2 d 3 h");
  CHECK(bytes_text(96) == "96 B");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(bytes_text(10 << 20) == "10 MiB");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000'000) == "1 000 000");
  CHECK(grouped(12'345) == "12 345");
  CHECK(count_text(1, "thread") == "1 thread");
  CHECK(count_text(0, "thread") == "0 threads");
}
