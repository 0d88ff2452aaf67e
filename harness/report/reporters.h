/* Declares each reporter of reporters.def, for the file that defines it and for the table. */
#ifndef HARNESS_REPORT_REPORTERS_H
#define HARNESS_REPORT_REPORTERS_H

#include "harness/report/report.h"

#define REPORTER(symbol) extern const struct reporter reporter_##symbol;
#include "harness/report/reporters.def"
#undef REPORTER

#endif
