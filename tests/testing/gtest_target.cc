#include <gtest/gtest.h>
#include <track/testing.h>

#include "tests/testing/leaks.h"

TEST(Clean, Joins) {
  std::thread([] {}).join();
}
TEST(Clean, EndsSoon) {
  track::testing::this_test().settle = std::chrono::minutes(1);  // machines are busy
  leaks::leave_soon();
}
TEST(Leaky, Thread) {
  leaks::leak_thread();
}
TEST(Leaky, Grandchild) {
  leaks::leak_grandchild();
}
TEST(Leaky, Unjoined) {
  leaks::leak_unjoined();
}
TEST(Leaky, NoTimeToSettle) {
  track::testing::this_test().settle = std::chrono::milliseconds(0);
  leaks::leak_thread();
}
TEST(Clean, FinishesCoroutine) {
  leaks::finish_coroutine();
}
TEST(Clean, FinishesFiber) {
  leaks::finish_fiber();
}
TEST(Leaky, Coroutine) {
  leaks::leak_coroutine();
}
TEST(Leaky, Fiber) {
  leaks::leak_fiber();
}
TEST(Leaky, KeepsLock) {
  leaks::keep_lock();
}
TEST(Leaky, DropsLocked) {
  leaks::drop_locked();
}
TEST(Leaky, DropsAnotherLocked) {
  leaks::drop_locked();
}
TEST(Leaky, EndsWithLock) {
  leaks::end_with_lock();
}
TEST(Clean, GivesBack) {
  leaks::keep_lock();
  pthread_mutex_unlock(&leaks::till);
}
TEST(Ignored, HeldLocks) {
  track::testing::this_test().held_locks = false;
  leaks::drop_locked();
}
TEST(After, IsNotBlamed) {
  SUCCEED();
}
TEST(Ignored, CreatedBy) {
  track::testing::this_test().created_by.push_back("leaks::leak_thread");
  leaks::leak_thread();
}
TEST(Ignored, AnyFunction) {
  track::testing::this_test().any_function.push_back("Ignored_AnyFunction_Test::*");
  leaks::leak_thread();
}
TEST(Ignored, Name) {
  track::testing::this_test().names.push_back("logg*");
  std::thread logger(leaks::block_for_ever);
  pthread_setname_np(logger.native_handle(), "logger");
  logger.detach();
}
TEST(Ignored, Current) {
  leaks::leak_thread();
  track::testing::this_test().ignore_current();
}
TEST(Ignored, LongLived) {
  leaks::stay();
}
TEST(Leaky, LongLivedEnds) {
  leaks::leak_unjoined_marked();
}
TEST(Ignored, OtherName) {
  track::testing::this_test().created_by.push_back("leaks::nobody");
  leaks::leak_thread();
}
// With what it fails by alone, and with both.
TEST(Failing, IsNotLookedAt) {
  leaks::leak_thread();
  FAIL() << "by itself";
}
TEST(Failing, RunOnFailure) {
  track::testing::this_test().run_on_failure = true;
  leaks::leak_thread();
  FAIL() << "by itself";
}
