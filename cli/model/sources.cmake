set(TRACK_MODEL_SOURCES
  finding.cc
  report.cc
  symbols.cc
  words.cc)
