/*
 * What depends on all targets of a gate. A waiver may stand for several of them: it is needed where
 * it holds for one, and one that no target has tried says nothing and is told, too.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance/gate/gate.h"
#include "harness/base/log.h"

enum { LINE_MAX_ = 1024 };

/* Where a waiver stands: FILE:LINE: as messages begin. */
static void place_of(const struct waivers *all, const struct waiver *w, char *out, size_t cap)
{
    text_format(out, cap, "%.900s:%u: ", all->path, w->line);
}

/* Where the target of the report was reached: gate_run.c has put its name in front, and the rest in
   parentheses. One URL of a target may stand for several places. */
static const char *url_of(const struct report *r)
{
    const char *url = strchr(r->target, '(');

    return url ? url + 1 : r->target;
}

/* The waiver that covers the check in this report of the target, or NULL. */
static const struct waiver *waiver_of(const struct gate_target *t, const struct report *r,
                                      const struct report_check *c)
{
    return c->waived ? waivers_find(&t->waivers, c->id, url_of(r)) : NULL;
}

/* Whether the waiver whose place this is covers anything in any target. */
static bool holds_somewhere(const struct gate *g, const char *place)
{
    char own[LINE_MAX_];

    for (size_t i = 0; i < g->count; i++) {
        const struct gate_target *t = &g->targets[i];

        for (size_t k = 0; k < t->report_count; k++) {
            const struct report *r = t->reports[k];

            for (size_t c = 0; c < r->count; c++) {
                const struct waiver *w = waiver_of(t, r, &r->checks[c]);

                if (!w)
                    continue;
                place_of(&t->waivers, w, own, sizeof(own));
                if (text_starts(place, own))
                    return true;
            }
        }
    }
    return false;
}

/* The lines that say of a waiver what another target contradicts go. */
static void drop_contradicted(struct gate *g, struct report *r)
{
    const char **kept = keep_room(&g->keep, r->stale_count, sizeof(*kept));
    size_t count = 0;

    for (size_t i = 0; kept && i < r->stale_count; i++) {
        if (!holds_somewhere(g, r->stale[i]))
            kept[count++] = r->stale[i];
    }
    if (!kept)
        return;
    r->stale = kept;
    r->stale_count = count;
}

/* Of a check in the reports of the targets that have this waiver. */
struct trial {
    bool selected;
    bool tried;
};

static bool has_waiver(const struct gate_target *t, const char *path, const struct waiver *w)
{
    for (size_t i = 0; i < t->waivers.count; i++) {
        if (text_eq(t->waivers.path, path) && t->waivers.list[i].line == w->line)
            return true;
    }
    return false;
}

static void look_at(const struct report *r, const char *id, struct trial *trial)
{
    for (size_t c = 0; c < r->count; c++) {
        if (!text_eq(r->checks[c].id, id))
            continue;
        trial->selected = true;
        trial->tried |= r->checks[c].verdict != VERDICT_SKIP;
    }
}

static struct trial trial_of(const struct gate *g, const char *path, const struct waiver *w)
{
    struct trial trial = {.selected = false};

    for (size_t i = 0; i < g->count; i++) {
        const struct gate_target *t = &g->targets[i];

        for (size_t k = 0; k < t->report_count && has_waiver(t, path, w); k++) {
            if (waiver_is_for(w, url_of(t->reports[k])))
                look_at(t->reports[k], w->check, &trial);
        }
    }
    return trial;
}

/* True where an earlier target has the same waiver of the same file. */
static bool is_told(const struct gate *g, const struct gate_target *t, const struct waiver *w)
{
    for (const struct gate_target *other = g->targets; other < t; other++) {
        for (size_t i = 0; i < other->waivers.count; i++) {
            if (other->wanted && text_eq(other->waivers.path, t->waivers.path) &&
                other->waivers.list[i].line == w->line)
                return true;
        }
    }
    return false;
}

static void add_stale(struct gate *g, struct report *r, const char *text)
{
    const char **grown = keep_room(&g->keep, r->stale_count + 1, sizeof(*grown));
    const char *kept = keep_text(&g->keep, text);

    if (!grown || !kept) {
        r->trouble = true; /* one that nobody hears of must not leave the gate open */
        return;
    }
    for (size_t i = 0; i < r->stale_count; i++)
        grown[i] = r->stale[i];
    grown[r->stale_count++] = kept;
    r->stale = grown;
}

static void tell_untried(struct gate *g, const struct gate_target *t, struct report *r)
{
    for (size_t i = 0; i < t->waivers.count; i++) {
        const struct waiver *w = &t->waivers.list[i];
        char place[LINE_MAX_];
        struct buf text;

        struct trial trial = trial_of(g, t->waivers.path, w);
        /* A file of waivers is made for a server, whichever of its checks are asked for here. */
        bool asked = trial.selected || !t->command.common.waive;
        if (trial.tried || !asked || is_told(g, t, w))
            continue;
        place_of(&t->waivers, w, place, sizeof(place));
        buf_init(&text, LINE_MAX_ * 2);
        buf_printf(&text, "%sthe waiver of %s matches nothing: no target has tried this check",
                   place, w->check);
        add_stale(g, r, buf_text(&text));
        buf_free(&text);
    }
}

/* A part of the checks says nothing about waivers of the rest. Where a target ended early the gate
   is closed without that. */
static bool is_whole(const struct gate *g)
{
    bool whole = g->only_count == 0 && g->shards <= 1 && !g->interrupted;

    for (size_t i = 0; i < g->count; i++) {
        whole = whole && !g->targets[i].command.common.run.selection.budget_ms;
        for (size_t k = 0; k < g->targets[i].report_count; k++)
            whole = whole && !g->targets[i].reports[k]->ending;
    }
    return whole;
}

int gate_judge(struct gate *g)
{
    int status = STATUS_OK;
    bool any = false;

    for (size_t i = 0; i < g->count; i++) {
        struct gate_target *t = &g->targets[i];

        for (size_t k = 0; k < t->report_count; k++)
            drop_contradicted(g, t->reports[k]);
        if (is_whole(g) && t->report_count > 0)
            tell_untried(g, t, t->reports[0]);
    }
    for (size_t i = 0; i < g->count; i++) {
        struct gate_target *t = &g->targets[i];
        int own = STATUS_OK;

        if (!t->wanted)
            continue;
        any = any || t->status >= 0;
        for (size_t k = 0; k < t->report_count; k++)
            own = status_worse(own, report_status(t->reports[k]));
        /* What only the process knows: that its evidence could not be written, for one. */
        if (t->status == STATUS_KIT || (t->report_count == 0 && t->status > 0))
            own = status_worse(own, t->status);
        t->status = t->status < 0 ? t->status : own;
        status = status_worse(status, own);
    }
    if (g->interrupted)
        return STATUS_INTERRUPTED;
    return any ? status : STATUS_KIT;
}
