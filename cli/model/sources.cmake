set(TRACK_MODEL_SOURCES
  finding.cc
  symbols.cc
  words.cc)
