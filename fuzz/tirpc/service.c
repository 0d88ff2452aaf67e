/* SAVEMSG and READMSG over memory. */
#include "fuzz/tirpc/service.h"

#include <string.h>

#include "fuzz/target.h"
#include "fuzz/tirpc/gss.h"
#include "msg.h"

enum { WRAPSTRING_MAX = 9000 }; /* octets that xdr_wrapstring takes, and no more */

static struct {
    size_t count;
    char texts[MODEL_MESSAGES_MAX][MODEL_TEXT_MAX + 1];
} store;

struct model_rules service_rules = {
    .prog = MSGPROG,
    .vers = MSGVER,
    .msgprog = true,
    .strict = true,
    .text_ends_at_0 = true,
    .drops_long_auth = true,
    .sys_tail_ok = true,
    .text_max = WRAPSTRING_MAX,
};

void service_reset(void)
{
    store.count = 0;
    service_rules.gss_open = gss_wanted();
}

int *savemsg_2_svc(char **text, struct svc_req *request)
{
    static int number;
    size_t len = strlen(*text);

    (void)request;
    number = 0;
    if (store.count < MODEL_MESSAGES_MAX && len <= MODEL_TEXT_MAX) {
        memcpy(store.texts[store.count], *text, len + 1);
        number = (int)++store.count;
        fuzz_canary();
    }
    return &number;
}

char **readmsg_2_svc(int *number, struct svc_req *request) /* NOLINT: rpcgen's prototype */
{
    static char empty[] = "";
    static char *result;

    (void)request;
    result = empty;
    if (*number > 0 && (size_t)*number <= store.count)
        result = store.texts[*number - 1];
    return &result;
}
