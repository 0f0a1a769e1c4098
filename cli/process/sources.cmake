set(TRACK_PROCESS_SOURCES
  binary.cc
  coroutines.cc
  locate.cc
  memory.cc
  observe.cc
  proc.cc)
