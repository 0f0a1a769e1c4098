// Frame heads are read from this very process.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "cli/process/observe.h"

using namespace track;

namespace {

// A page of made-up code: resume functions at +0x100, GCC's destroy stub at +0x200, something else
// at +0x300.
class Code {
 public:
  Code()
      : page_(static_cast<unsigned char*>(
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    const unsigned char stub[] = {0x66, 0x83, 0x4f, 0x24, 0x01, 0xe9};
    std::memcpy(page_ + 0x200, stub, sizeof stub);
    const int32_t relative = 0x100 - (0x200 + 10);
    std::memcpy(page_ + 0x206, &relative, 4);
  }
  ~Code() { munmap(page_, 4096); }
  uint64_t resume() const { return address(0x100); }
  uint64_t stub() const { return address(0x200); }
  uint64_t other() const { return address(0x300); }
  template <size_t kBytes>
  void write(uint64_t at, const std::array<uint8_t, kBytes>& code) {
    std::memcpy(page_ + (at - address(0)), code.data(), kBytes);
  }
  bool covers(uint64_t at) const { return at >= address(0) && at < address(4096); }

 private:
  uint64_t address(uint64_t offset) const { return reinterpret_cast<uint64_t>(page_) + offset; }
  unsigned char* page_;
};

struct Fixture {
  Code code;
  std::array<uint64_t, 2> head{};
  Trace trace;
  bool named_otherwise = false;
  std::string symbol;  // of resume() and other(), as a coroutine's; empty: no symbols

  Coroutine& inspect(uint64_t resume, uint64_t destroy, bool mixed = false, bool readable = true) {
    head = {resume, destroy};
    trace.pid = getpid();
    trace.memory_read = readable;
    trace.functions = {""};
    Coroutine coroutine;
    coroutine.address = reinterpret_cast<uint64_t>(head.data());
    coroutine.resume = code.resume();
    coroutine.destroy = code.other();
    coroutine.site_mixed = mixed;
    trace.coroutines = {coroutine};
    process::inspect_coroutines(trace, readable, [this](uint64_t address) {
      process::CodeFact fact;
      fact.code = code.covers(address);
      fact.other = fact.code && named_otherwise;
      if (fact.code && !symbol.empty() && address != code.stub()) {
        fact.coroutine = true;
        fact.function = symbol;
      }
      return fact;
    });
    static Coroutine none;
    return trace.coroutines.empty() ? none : trace.coroutines[0];
  }
};

}  // namespace

TEST_CASE("a pair that symbols call a coroutine's is one, with its function's name") {
  Fixture f;
  f.symbol = "session(int)";
  const Coroutine& coroutine = f.inspect(f.code.resume(), f.code.other());
  CHECK(coroutine.certainty == FrameCertainty::known);
  CHECK(coroutine.state == TaskState::suspended);
  CHECK(f.trace.functions.at(coroutine.function) == "session(int)");
}

TEST_CASE("GCC's destroy stub proves a frame without any symbol") {
  Fixture f;
  CHECK(f.inspect(f.code.resume(), f.code.stub()).certainty == FrameCertainty::known);
  CHECK(f.inspect(f.code.other(), f.code.stub()).certainty == FrameCertainty::pair);
}

TEST_CASE("no resume function and a known destroy function: at its end") {
  Fixture f;
  CHECK(f.inspect(0, f.code.stub()).state == TaskState::done);
}

TEST_CASE("null and a code pointer of no coroutine are no done frame") {
  Fixture f;
  f.inspect(0, f.code.other(), true);
  CHECK(f.trace.coroutines.empty());
}

TEST_CASE("from a mixed site only proved frames stay") {
  Fixture f;
  f.inspect(f.code.resume(), f.code.other(), true);
  CHECK(f.trace.coroutines.empty());
  f.inspect(1, 2, true);
  CHECK(f.trace.coroutines.empty());
  f.inspect(f.code.resume(), f.code.stub(), true);
  CHECK(f.trace.coroutines.size() == 1);
}

TEST_CASE("without memory the record is what there is, but not for a mixed site") {
  Fixture f;
  f.symbol = "session(int)";
  CHECK(f.inspect(1, 2, false, false).certainty == FrameCertainty::recorded);
  CHECK(f.trace.functions.at(f.trace.coroutines.at(0).function) == "session(int)");
  f.inspect(1, 2, true, false);
  CHECK(f.trace.coroutines.empty());
}

TEST_CASE("what symbols call by another name is no frame, whether its memory can be read or not") {
  Fixture f;
  f.named_otherwise = true;
  f.inspect(f.code.resume(), f.code.other());
  CHECK(f.trace.coroutines.empty());
  f.inspect(1, 2, false, false);
  CHECK(f.trace.coroutines.empty());
}

TEST_CASE("a block whose head is no frame's now holds none") {
  Fixture f;
  f.symbol = "session(int)";
  f.inspect(1, 2);
  CHECK(f.trace.coroutines.empty());
}

TEST_CASE(
    "a pair of functions whose code says nothing is no finding's coroutine, and in no state") {
  Fixture f;
  const Coroutine& coroutine = f.inspect(f.code.resume(), f.code.other());
  CHECK(coroutine.certainty == FrameCertainty::pair);
  CHECK(coroutine.state == TaskState::unknown);
}

TEST_CASE("destroy with resume's body in it proves a frame without any symbol") {
  Fixture f;
  const std::array<uint8_t, 6> resume{0x0f, 0xb7, 0x47, 0x2c, 0xa8, 0x01};
  const std::array<uint8_t, 15> destroy{0x0f, 0xb7, 0x47, 0x2c, 0x83, 0xc8, 0x01, 0x66,
                                        0x89, 0x47, 0x2c, 0x66, 0x83, 0xf8, 0x05};
  f.code.write(f.code.resume(), resume);
  f.code.write(f.code.other(), destroy);
  CHECK(f.inspect(f.code.resume(), f.code.other()).certainty == FrameCertainty::known);
  CHECK(f.inspect(0, f.code.other(), true).state == TaskState::done);
  // Another field's lowest bit is another matter.
  f.code.write(f.code.resume(), std::array<uint8_t, 4>{0x0f, 0xb7, 0x47, 0x2a});
  CHECK(f.inspect(f.code.resume(), f.code.other()).certainty == FrameCertainty::pair);
}
