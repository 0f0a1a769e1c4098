// A second file with the include: one listener, all the same.
#include <gtest/gtest.h>
#include <track/testing.h>
