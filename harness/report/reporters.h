/* Declares each reporter of reporters.def, for the file that defines it and for the table. */
#ifndef HARNESS_REPORT_REPORTERS_H
#define HARNESS_REPORT_REPORTERS_H

#include "harness/report/report.h"

#define REPORTER(symbol) extern const struct reporter reporter_##symbol;
#include "harness/report/reporters.def"
#undef REPORTER

/* One octet of text that may come from a hostile target: printable ASCII as it is, anything else
   as \xHH, so that it neither begins a line nor moves a terminal's cursor. */
void report_put_octet(FILE *out, char octet);
void report_put_plain(FILE *out, const char *text);

#endif
