/* Declares each part of suites.def, for the file that defines it and for the registry. */
#ifndef CONFORMANCE_SUITES_H
#define CONFORMANCE_SUITES_H

#include "conformance/runner/check.h"

#define PART(name) extern const struct suite_part suite_##name;
#include "conformance/suites.def"
#undef PART

#endif
