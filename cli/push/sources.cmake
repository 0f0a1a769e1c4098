# Profiles to a server that keeps those of many, and the verb for it; relative to cli/push/.
set(TRACK_PUSH_SOURCES
  endpoint.cc
  labels.cc
  outbox.cc
  parcel.cc
  sender.cc
  source.cc
  spool.cc
  ../verbs/push.cc)
