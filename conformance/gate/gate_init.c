/* Printing a gate file to begin with. */
#include "conformance/gate/gate_init.h"

#include <stdio.h>

#include "conformance/runner/yaml.h"
#include "harness/net/endpoint.h"

static const char head[] =
    "# What the pipeline runs: assay gate FILE. `assay gate FILE --dry-run` prints the plan.\n"
    "# Paths are seen from where assay is called.\n"
    "\n"
    "reports:                    # form: file; also text, json, tap, markdown, github, gitlab, "
    "...\n"
    "  junit: assay.xml\n"
    "  html: assay.html\n"
    "evidence: assay-evidence    # a folder per target and failure: transcript, capture, again.c\n"
    "# parallel: 2               # targets at a time; default: the processors\n"
    "# seed: random              # or a number, to repeat a run\n"
    "# strict: true              # recommendations (warn) fail, too\n"
    "\n"
    "targets:\n"
    "  - name: server\n";

static const char start[] =
    "    # ready: \"listening on\"  # it serves once it has written this; default: once it "
    "answers\n"
    "    # folder: .             # where it is started\n"
    "    # environment: {LOG: \"1\"}\n"
    "    # limits: {start: 30s, time: 10min, descriptors: 256, memory: 1GiB}\n";

/* Examples that apply to the kind of target at hand. */
struct examples {
    const char *suite, *skip, *check, *reason, *why;
};

static const struct examples of_streams = {"stream", "stream.restart",
                                           "stream.eof.follows-half-close", "nothing for",
                                           "closes after its idle time only"};
static const struct examples of_datagrams = {"datagram", "datagram.loss", "datagram.size.max-65507",
                                             "nothing came", "its buffer has 8 KiB"};

static void put_examples(const struct examples *x)
{
    printf("    # suites: [%s]      # only these checks: suites, ids, globs\n"
           "    # skip: [%s]\n"
           "    # levels: [must, robust]\n",
           x->suite, x->skip);
    printf("    # expect: [concurrent]  # what it promises beyond the standards\n"
           "    # repeat: 3             # runs; a verdict that differs between them is told\n"
           "    # waivers:              # what is known: it must go on to break in this very way\n"
           "    #   - check: %s\n"
           "    #     verdict: fail\n"
           "    #     reason: \"%s\"   # must be a part of the reason\n"
           "    #     why: \"%s\"\n",
           x->check, x->reason, x->why);
}

static const char tail[] =
    "    #     issue: \"17\"\n"
    "    #     until: 2027-06-30       # the last day on which it holds\n"
    "    #     flaky: 1/20             # it breaks in at most 1 of 20 runs\n"
    "    # waive: waivers.yaml   # or a file of them: assay gate FILE --write-waivers "
    "waivers.yaml\n";

bool gate_init_print(const struct gate_init *model, struct problem *why)
{
    const char *url = model->url ? model->url : "tcp://127.0.0.1:0";
    const char *spawn = model->spawn || model->url ? model->spawn : "./server {port}";
    struct endpoint e;

    if (!endpoint_parse(url, &e, why))
        return false;
    printf("%s", head);
    yaml_put(stdout, "url", url);
    if (spawn)
        yaml_put(stdout, "spawn", spawn);
    else
        printf(
            "    # spawn: \"./server {port}\"  # started, watched and stopped; else it must run\n");
    if (model->speak)
        yaml_put(stdout, "speak", model->speak);
    else
        printf(
            "    # speak: echo           # or line, redis-ping, a file, ...; rpc for rpc URLs\n");
    printf("%s", start);
    put_examples(endpoint_is_datagram(&e) ? &of_datagrams : &of_streams);
    printf("%s", tail);
    return true;
}
