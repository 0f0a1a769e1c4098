set(TRACK_MODEL_SOURCES
  finding.cc
  process_image.cc
  report.cc
  symbols.cc
  words.cc)
