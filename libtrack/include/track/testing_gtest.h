/* testing_gtest.h: GoogleTest's part of track/testing.h, which includes it. */
#ifndef TRACK_TESTING_GTEST_H_
#define TRACK_TESTING_GTEST_H_

#include <memory>
#include <string>
#include <vector>

namespace track::testing::detail {

class gtest_listener : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo& info) override {
    running_ = std::make_unique<test>(std::string(info.test_suite_name()) + "." + info.name());
  }
  void OnTestEnd(const ::testing::TestInfo& info) override {
    const std::vector<std::string> leaks = running_->finish(info.result()->Failed());
    if (!leaks.empty())
      GTEST_MESSAGE_AT_(info.file(), info.line(), leak_text(running_->name(), leaks).c_str(),
                        ::testing::TestPartResult::kNonFatalFailure);
    running_.reset();
  }

  std::unique_ptr<test> running_;
};

inline const bool gtest_listens = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new gtest_listener);
  return true;
}();

} /* namespace track::testing::detail */

#endif /* TRACK_TESTING_GTEST_H_ */
