// The lines that are said of suspended coroutines against those their awaitables know.
#include "cli/symbolize/coroutine_code.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "cli/symbolize/symbolizer.h"
#include "tests/symbolize/fixture.h"

using namespace track;
using namespace track::symbolize;
using namespace track::symbolize::testing;

namespace {

struct Score {
  int frames = 0, lines = 0, right = 0, wrong = 0, near = 0, missing = 0, stages = 0;
  int suspended = 0, alike = 0;  // told by the code alone
  std::string errors;
};

uint64_t index_in(const ReportedFrame& frame, const FrameShape& shape) {
  uint64_t value = 0;
  REQUIRE(shape.index_offset + shape.index_bytes <= frame.bytes.size());
  std::memcpy(&value, frame.bytes.data() + shape.index_offset, shape.index_bytes);
  return value;
}

void check_frame(Symbolizer& symbolizer, const ReportedFrame& frame, Score& score) {
  ++score.frames;
  if (frame.kind == "final") {
    score.stages += frame.resume == 0;
    return;
  }
  const auto functions = symbolizer.frame_functions(frame.resume, frame.destroy);
  REQUIRE(functions.has_value());
  ++score.suspended;
  score.alike += functions->likeness != FrameLikeness::none;
  CHECK(functions->freed_bytes <= frame.bytes.size());
  const uint32_t used = symbolizer.frame_bytes_used(frame.resume, frame.destroy);
  CHECK(used >= functions->used_bytes);
  CHECK(used <= frame.bytes.size());
  CoroutineCode* code = symbolizer.coroutine(frame.resume, frame.destroy);
  REQUIRE(code != nullptr);
  const FrameShape shape = code->shape();
  const AwaitPoint& point = code->point(shape.index_bytes != 0 ? index_in(frame, shape) : 0);
  score.stages += await_stage_name(point.stage) == frame.kind;
  if (frame.kind != "await") return;
  ++score.lines;
  const bool right = point.line == frame.line;
  if (point.method == AwaitMethod::none)
    ++score.missing;
  else if (!point.exact)
    ++score.near;
  else if (right)
    ++score.right;
  else
    ++score.wrong;
  if (point.exact && right) return;
  std::ostringstream text;
  text << "  " << symbolizer.symbol_at(frame.resume).value_or("?") << " index " << point.index
       << ": line " << point.line << " by " << await_method_name(point.method) << ", is "
       << frame.line << "\n";
  score.errors += text.str();
}

Score score_of(const std::string& program) {
  const Report report = run_fixture(program);
  Symbolizer symbolizer(report.modules);
  Score score;
  for (const ReportedFrame& frame : report.frames) check_frame(symbolizer, frame, score);
  return score;
}

std::string text_of(const Score& score) {
  std::ostringstream text;
  text << score.frames << " frames, " << score.stages << " stages right; " << score.lines
       << " at an await: " << score.right << " right, " << score.wrong << " wrong, " << score.near
       << " near, " << score.missing << " missing\n"
       << score.errors;
  return text.str();
}

}  // namespace

TEST_CASE("the line of the co_await is right, whatever the compiler and its optimisation") {
  for (const std::string compiler : {"g++", "clang++-14", "clang++-16", "clang++-19"}) {
    if (!have(compiler)) continue;
    int lines = 0, right = 0, wrong = 0;
    for (const std::string level : {"-O0", "-O1", "-O2", "-O3"}) {
      CAPTURE(compiler);
      CAPTURE(level);
      TempDirectory directory;
      const std::string program = directory / "awaits";
      compile(compiler + " -std=c++20 -g " + level, "awaits.cc", program);
      const Score score = score_of(program);
      CAPTURE(text_of(score));
      if (std::getenv("AWAIT_SCORES") != nullptr)
        MESSAGE(compiler, " ", level, ": ", text_of(score));
      CHECK(score.lines > 100);
      lines += score.lines;
      right += score.right;
      wrong += score.wrong;
      CHECK(score.wrong == 0);
      if (compiler != "g++") CHECK(score.alike == score.suspended);
      CHECK(score.right * 100 >= score.lines * 95);
    }
    CAPTURE(compiler);
    CHECK(right * 100 >= lines * 98);
    CHECK(wrong == 0);
  }
}
