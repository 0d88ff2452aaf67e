/*
 * SAVEMSG and READMSG, as rpcgen wants them: arguments and results are pointers, and a result lives
 * in static storage until the next call, since the dispatcher encodes it after we have returned.
 */
#include "reference/msgprog/service.h"

#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "reference/setup/setup.h"

static struct store *messages;

void service_use(struct store *store)
{
    messages = store;
}

/* A string of libtirpc ends at its first NUL, whatever came on the wire. */
int *savemsg_2_svc(char **text, struct svc_req *request)
{
    static int number;
    struct problem why;

    (void)request;
    number = (int)store_save(messages, slice_str(*text), &why);
    if (number == 0)
        setup_complain("a message is not stored", &why);
    return &number;
}

/* xdr_wrapstring encodes no more than 9000 octets; of what is longer the dispatcher makes a
   SYSTEM_ERR. */
char **readmsg_2_svc(int *number, struct svc_req *request) /* NOLINT: rpcgen's prototype */
{
    static char empty[] = "";
    static char *result;
    static struct buf text;
    struct problem why;

    (void)request;
    buf_free(&text);
    buf_init(&text, STORE_MESSAGE_MAX + 1); /* with a NUL behind it */
    result = empty;
    if (store_read(messages, *number, &text, &why)) {
        buf_put_byte(&text, '\0');
        result = text.failed ? empty : (char *)text.data;
    } else if (why.text[0]) {
        setup_complain("a message cannot be read", &why);
    }
    return &result;
}
