set(TRACK_PROCESS_SOURCES
  coroutines.cc
  locate.cc
  memory.cc
  observe.cc
  proc.cc)
