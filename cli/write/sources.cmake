set(TRACK_WRITE_SOURCES
  hang.cc
  json.cc
  json_parts.cc
  page.cc
  task_rows.cc
  tasks.cc
  text.cc)
