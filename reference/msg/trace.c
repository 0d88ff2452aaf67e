/* The ten steps, told from what went through the tap. */
#include "reference/msg/trace.h"

#include <stdio.h>

#include "reference/wire/explain.h"

enum { TRACE_MAX = 4 << 20 };

/* What happens at the other end cannot be seen; a SUCCESS is the proof that it happened. */
static void print_server(struct buf *out, const struct trace *t)
{
    if (!t->ok) {
        buf_put_str(out, "4-8. what the server does cannot be seen from here\n");
        return;
    }
    buf_printf(out, "4. the server's kernel hands the message to the server's stub\n");
    buf_printf(out, "5. the server's stub unmarshals the argument and calls %s\n", t->procedure);
    buf_printf(out, "6. %s does its work and returns to the server's stub\n", t->procedure);
    buf_printf(out, "7. the server's stub marshals the result into a reply message\n");
    buf_printf(out, "8. the server's kernel sends the reply message\n");
}

void trace_print(const struct trace *t)
{
    const struct tap *tap = t->tap;
    uint32_t procedure = 0;
    struct buf out;

    buf_init(&out, TRACE_MAX);
    buf_printf(&out, "1. the client calls its stub: %s\n", t->stub);
    buf_printf(&out, "2. the stub marshals the argument into a call message\n");
    if (tap->sent_us == 0) {
        buf_printf(&out, "3-9. no message was sent\n");
    } else {
        buf_printf(&out, "3. the kernel sends the call message to %s: %zu octets", t->where,
                   tap->sent.len);
        if (tap->datagram && tap->requests > 1)
            buf_printf(&out, ", %u times", tap->requests);
        buf_put_str(&out, "\n");
        procedure = explain_message(&out, buf_slice(&tap->sent), !tap->datagram, 0);
        print_server(&out, t);
    }
    if (tap->heard_us != 0) {
        buf_printf(&out, "9. the kernel receives the reply message: %zu octets, %lld us later\n",
                   tap->heard.len, (long long)(tap->heard_us - tap->sent_us));
        explain_message(&out, buf_slice(&tap->heard), !tap->datagram, procedure);
    } else if (tap->sent_us != 0) {
        buf_put_str(&out, "9. no reply message comes\n");
    }
    buf_printf(&out, "10. the stub %s: %s\n",
               t->ok ? "unmarshals the result and returns it" : "returns NULL", t->outcome);
    fputs(buf_text(&out), stderr);
    buf_free(&out);
}
