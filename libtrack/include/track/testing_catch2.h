/* testing_catch2.h: Catch2's part of track/testing.h, which includes it: version 2 and 3. */
#ifndef TRACK_TESTING_CATCH2_H_
#define TRACK_TESTING_CATCH2_H_

#if !defined(CATCH_VERSION_MAJOR)
#include <catch2/catch_version_macros.hpp>
#endif
#if CATCH_VERSION_MAJOR >= 3 && __has_include(<catch2/reporters/catch_reporter_event_listener.hpp>)
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#elif CATCH_VERSION_MAJOR < 3 && !defined(CATCH_CONFIG_EXTERNAL_INTERFACES) && \
    !defined(CATCH_CONFIG_MAIN) && !defined(CATCH_CONFIG_RUNNER)
#error \
    "define CATCH_CONFIG_EXTERNAL_INTERFACES before <catch2/catch.hpp>, or include \
<track/testing.h> in the file with CATCH_CONFIG_MAIN: else Catch2 declares no listeners"
#endif

#include <memory>
#include <string>
#include <vector>

namespace track::testing::detail {

#if CATCH_VERSION_MAJOR >= 3
using catch2_base = ::Catch::EventListenerBase;
#else
using catch2_base = ::Catch::TestEventListenerBase;
#endif

/* The outermost section is run once for every path through a test; at its end assertions still
 * count, after the test's own they do not. */
class catch2_listener : public catch2_base {
 public:
  using catch2_base::catch2_base;

  void testCaseStarting(const ::Catch::TestCaseInfo& info) override {
    catch2_base::testCaseStarting(info);
    name_ = info.name;
    depth_ = 0;
  }
  void sectionStarting(const ::Catch::SectionInfo& info) override {
    catch2_base::sectionStarting(info);
    if (depth_++ == 0) running_ = std::make_unique<test>(name_);
  }
  void sectionEnded(const ::Catch::SectionStats& stats) override {
    if (--depth_ == 0 && running_ != nullptr) {
      const std::unique_ptr<test> ended = std::move(running_);
      const std::vector<std::string> leaks = ended->finish(!stats.assertions.allOk());
      if (!leaks.empty()) {
#ifdef CATCH_CONFIG_PREFIX_ALL
        CATCH_FAIL_CHECK(leak_text(name_, leaks));
#else
        FAIL_CHECK(leak_text(name_, leaks));
#endif
      }
    }
    catch2_base::sectionEnded(stats);
  }
#if CATCH_VERSION_MAJOR < 3
  void assertionStarting(const ::Catch::AssertionInfo&) override {}
  bool assertionEnded(const ::Catch::AssertionStats&) override {
    return false;
  }
#endif

 private:
  std::string name_;
  int depth_ = 0;
  std::unique_ptr<test> running_;
};

#if CATCH_VERSION_MAJOR >= 3
inline const ::Catch::ListenerRegistrar<catch2_listener> catch2_listens{"track"};
#else
inline const ::Catch::ListenerRegistrar<catch2_listener> catch2_listens;
#endif

} /* namespace track::testing::detail */

#endif /* TRACK_TESTING_CATCH2_H_ */
