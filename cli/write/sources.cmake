set(TRACK_WRITE_SOURCES
  json.cc
  json_parts.cc
  page.cc
  task_rows.cc
  tasks.cc
  text.cc)
