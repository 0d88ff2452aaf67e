/* What the files of this folder share: their tables, and the word for a promise that is broken. */
#ifndef FUZZ_PARSER_TABLES_H
#define FUZZ_PARSER_TABLES_H

#include "fuzz/parser/parser.h"

struct parser_table {
    const struct parser *rows;
    size_t count;
};

extern const struct parser_table parser_texts;     /* of texts */
extern const struct parser_table parser_exchanges; /* of exchange files, and of replies by them */
extern const struct parser_table parser_octets;    /* of octets of ONC RPC */

/* A finding of the oracle `claim` where the condition does not hold. Gives what it holds. */
#define CLAIM(condition) parser_claim((condition), __func__, #condition)
bool parser_claim(bool holds, const char *who, const char *condition);

/* A file in memory with these octets, and its path. The process ends where the machine has none. */
enum { PARSER_PATH_MAX = 40 };
int parser_file(struct slice octets, char path[PARSER_PATH_MAX]);

#endif
