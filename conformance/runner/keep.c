/* What the runner keeps of a check that broke, before the next one begins. */
#include "conformance/runner/run.h"

static void put_state(struct run *run, struct entry *e)
{
    const struct run_options *o = run->options;
    char state[512] = "";
    char end[128];

    if (e->death[0] != '\0') {
        text_copy(state, sizeof(state), e->death);
    } else if (o->spawn && run->process.pid != 0) {
        bool ended = process_ended(&run->process);

        process_end_text(&run->process, end, sizeof(end));
        if (ended)
            text_format(state, sizeof(state), "the target's process %s", end);
        else
            text_format(state, sizeof(state), "the target runs, as process %d",
                        (int)run->process.pid);
    } else if (o->pid) {
        text_format(state, sizeof(state), "process %d %s", (int)o->pid,
                    procview_runs(o->pid) ? "runs" : "is gone");
    }
    exhibit_put_state(e->exhibit, state);
}

void keep_exhibit(struct run *run, struct entry *e, const struct job *job)
{
    struct process *p = &run->process;

    if (!run->options->exhibits)
        return;
    exhibit_free(e->exhibit);
    e->exhibit = tape_exhibit(job ? job->tape : NULL);
    if (!e->exhibit)
        return;
    put_state(run, e);
    if (!run->options->spawn)
        return;
    process_read(p);
    exhibit_put_words(e->exhibit, slice_of(p->said.text, p->said.len),
                      slice_of(p->complained.text, p->complained.len));
}
