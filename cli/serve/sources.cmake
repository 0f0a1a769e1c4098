# The server, and its verb; relative to cli/serve/.
set(TRACK_SERVE_SOURCES
  address.cc
  event_log.cc
  gperftools.cc
  http.cc
  markup.cc
  metrics.cc
  profile_source.cc
  profiles.cc
  row_table.cc
  site.cc
  stream.cc
  target.cc
  targets.cc
  task_text.cc
  views.cc
  ../verbs/serve.cc)
