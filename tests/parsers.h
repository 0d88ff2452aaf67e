/*
 * The decoders and parsers of the runner that octets of a stranger reach, as rows like those of the
 * harness (fuzz/parser/parser.h): texts come from whoever starts the program, from files and from
 * peers, too.
 */
#ifndef TESTS_PARSERS_H
#define TESTS_PARSERS_H

#include "fuzz/parser/parser.h"

/* The parser of that number, or NULL behind the last. */
const struct parser *runner_parser_at(size_t number);

#endif
