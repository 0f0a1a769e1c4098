/* testing_doctest.h: doctest's part of track/testing.h, which includes it. */
#ifndef TRACK_TESTING_DOCTEST_H_
#define TRACK_TESTING_DOCTEST_H_

#include <memory>
#include <string>
#include <vector>

namespace track::testing::detail {

/* doctest has judged a test before it tells of its end: what was found then is written into its
 * figures, which are the program's own objects, before the reporters print them. */
class doctest_listener : public ::doctest::IReporter {
 public:
  explicit doctest_listener(const ::doctest::ContextOptions&) {}

  void test_case_start(const ::doctest::TestCaseData& data) override {
    data_ = &data;
    running_ = std::make_unique<test>(data.m_name);
  }
  void test_case_end(const ::doctest::CurrentTestCaseStats& stats) override {
    const std::vector<std::string> leaks = running_->finish(stats.failure_flags != 0);
    if (!leaks.empty()) {
      const std::string text = leak_text(running_->name(), leaks);
      DOCTEST_ADD_FAIL_CHECK_AT(data_->m_file.c_str(), static_cast<int>(data_->m_line),
                                ::doctest::String(text.c_str()));
      auto& figures = const_cast<::doctest::CurrentTestCaseStats&>(stats);
      if (figures.failure_flags == 0) ++failed_;
      figures.failure_flags |= ::doctest::TestCaseFailureReason::AssertFailure;
      figures.testCaseSuccess = false;
      ++asserts_;
    }
    running_.reset();
  }
  void test_run_end(const ::doctest::TestRunStats& stats) override {
    auto& figures = const_cast<::doctest::TestRunStats&>(stats);
    figures.numTestCasesFailed += failed_;
    figures.numAsserts += asserts_;
    figures.numAssertsFailed += asserts_;
  }

  void report_query(const ::doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_reenter(const ::doctest::TestCaseData&) override {}
  void test_case_exception(const ::doctest::TestCaseException&) override {}
  void subcase_start(const ::doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const ::doctest::AssertData&) override {}
  void log_message(const ::doctest::MessageData&) override {}
  void test_case_skipped(const ::doctest::TestCaseData&) override {}

 private:
  const ::doctest::TestCaseData* data_ = nullptr;
  std::unique_ptr<test> running_;
  unsigned failed_ = 0;
  int asserts_ = 0;
};

inline const int doctest_listens = ::doctest::registerReporter<doctest_listener>("track", 1, false);

} /* namespace track::testing::detail */

#endif /* TRACK_TESTING_DOCTEST_H_ */
