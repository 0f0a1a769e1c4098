set(TRACK_READ_SOURCES
  bytes.cc
  clock.cc
  coroutines.cc
  image.cc
  modules.cc
  recording.cc
  threads.cc)
