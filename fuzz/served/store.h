/* A store in memory behind the prototypes of reference/store/store.h. */
#ifndef FUZZ_SERVED_STORE_H
#define FUZZ_SERVED_STORE_H

#include "reference/store/store.h"

/* The one there is, and how it becomes empty. It takes as many messages, and as long ones, as the
   reference model does (fuzz/oracle/model.h). */
struct store *served_store(void);
void served_store_clear(struct store *s);

#endif
