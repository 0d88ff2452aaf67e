/* Inside of load: one of its lines, and what lines and loop share. */
#ifndef CONFORMANCE_RUNNER_LINE_H
#define CONFORMANCE_RUNNER_LINE_H

#include "conformance/runner/load.h"

enum line_state {
    LINE_UNUSED,
    LINE_DIALS,   /* the connect is under way */
    LINE_FRESH,   /* connected, and no reply yet */
    LINE_TOLD,    /* something else came in place of the first reply; its end is awaited */
    LINE_SERVED,  /* got a right reply */
    LINE_LEAVING, /* we have ended our side */
    LINE_OVER,
};

struct line {
    int fd; /* -1: closed */
    enum line_state state;
    uint32_t next;  /* number of the next request */
    uint32_t first; /* of the oldest that is owed a reply; `next` where none is */
    uint32_t owed;  /* a bit for each request from `first` on */
    unsigned left;  /* requests that are still to be made */
    uint32_t watched;
    int64_t begun_us;
    struct buf in;  /* the beginning of a reply */
    struct buf out; /* the rest of a request */
};

enum { LINE_ROOM = 1 << 16, LINE_BUFFER_MAX = 4 << 20 };

/* What a line was told in place of its first reply. */
struct told {
    unsigned count;
    unsigned served; /* lines that were served when the first one was told */
    char expected[OUTCOME_TEXT_MAX];
    char actual[OUTCOME_TEXT_MAX];
};

struct load {
    struct check_ctx *c;
    struct load_options options;
    struct load_tally tally;
    struct told told;
    int epoll;
    struct line *lines;
    unsigned busy; /* lines of which something is awaited */
    unsigned open;
    bool begins;         /* load_admit is at work: further lines are begun */
    bool awaits;         /* lines that were not served yet are waited for */
    bool impatient;      /* ends that stay away are not waited for any more */
    int64_t begun_us;    /* the first line */
    int64_t last_us;     /* the last line */
    int64_t pause_us;    /* none is begun before: the last one found no room */
    int64_t moved_us;    /* when a line was let in, served or ended */
    int64_t patience_ms; /* with nothing of that */
    unsigned source;     /* which address of ours the next line comes from */
    size_t kept;         /* octets in the buffers of all lines */
    struct buf body;     /* of the request or reply at hand */
    struct buf requests; /* at hand */
    uint8_t room[LINE_ROOM];
};

/* From 1, as messages name it. */
unsigned line_number(const struct load *l, const struct line *line);

/* Whether something of it is awaited: the target's, or room for what we send. */
bool line_is_busy(const struct line *line);

/* Connected or connecting, and not served yet. */
bool line_is_waiting(const struct line *line);

/* The connect has succeeded: the first request goes out. */
void line_begin(struct load *l, struct line *line);

/* Sends what depth and the socket allow. */
void line_send(struct load *l, struct line *line);

/* Takes what has come, or the end. */
void line_receive(struct load *l, struct line *line);

/* It was refused, or ended before it was served. */
void line_turned_away(struct load *l, struct line *line);

/* Closes it; whatever it was. */
void line_close(struct load *l, struct line *line);

#endif
