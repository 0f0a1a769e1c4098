# The terminal view, and its verb; relative to cli/top/.
set(TRACK_TOP_SOURCES
  browser.cc
  cells.cc
  changes.cc
  leak_table.cc
  plain.cc
  sampler.cc
  screen.cc
  table.cc
  task_table.cc
  wait_table.cc
  ../verbs/top.cc)
