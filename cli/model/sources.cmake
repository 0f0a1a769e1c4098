set(TRACK_MODEL_SOURCES
  await_chain.cc
  await_point.cc
  finding.cc
  process_image.cc
  report.cc
  symbols.cc
  words.cc)
