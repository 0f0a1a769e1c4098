// what: operators in a statically linked libstdc++ that the program exports
// flags: -static-libstdc++ -static-libgcc -rdynamic
#include "tests/torture/replaced.h"
