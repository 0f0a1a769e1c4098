// A thread that refreshes a cache every half minute, for ever.
#pragma once

#include <track/track.h>

#include <chrono>
#include <latch>
#include <thread>

inline std::latch refreshing{1};

template <class Begin>
void refresh(Begin begin) {
  track_task_name("refresher");
  begin();
  refreshing.count_down();
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(30));
}

template <class Begin>
void start_refresher(Begin begin) {
  std::thread(refresh<Begin>, begin).detach();
}
