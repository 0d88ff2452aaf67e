/* The message file: append, sync, answer; scan, cut or refuse at the start. */
#include "reference/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/log.h"

enum { FORMAT = 1, FIRST_CAP = 64, PART = 1 << 16 };

static const char magic[8] = {'A', 'S', 'S', 'A', 'Y', 'M', 'S', 'G'};

struct place {
    uint64_t at; /* of the text */
    uint32_t len;
    uint32_t sum;
};

struct store {
    int fd;
    bool broken; /* the end of the file is not known any more: nothing may be appended */
    uint8_t salt[4];
    struct store_limits limits;
    struct place *places; /* [number - 1] */
    uint32_t count;
    uint32_t cap;
    uint64_t end; /* of the last good record */
};

/* ---- octets ---- */

static void put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* CRC-32 with the reflected polynomial of ISO 3309; `sum` is 0 at first and the result so far. */
static uint32_t checksum(uint32_t sum, const void *data, size_t len)
{
    static uint32_t table[256];
    const uint8_t *octets = data;

    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;

            for (int bit = 0; bit < 8; bit++)
                c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
            table[i] = c;
        }
    }
    sum = ~sum;
    for (size_t i = 0; i < len; i++)
        sum = table[(sum ^ octets[i]) & 255] ^ sum >> 8;
    return ~sum;
}

static uint32_t head_sum(const struct store *s, uint32_t number, uint32_t len)
{
    uint8_t octets[12];

    memcpy(octets, s->salt, sizeof(s->salt));
    put_u32(octets + 4, number);
    put_u32(octets + 8, len);
    return checksum(0, octets, sizeof(octets));
}

static uint32_t text_sum(const struct store *s, struct slice text)
{
    return checksum(checksum(0, s->salt, sizeof(s->salt)), text.data, text.len);
}

/* Reads exactly len octets; false with errno 0 where the file ends before. */
static bool read_at(int fd, uint64_t at, void *data, size_t len)
{
    uint8_t *into = data;

    while (len > 0) {
        ssize_t n = pread(fd, into, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = 0;
        if (n <= 0)
            return false;
        into += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- scanning at the start ---- */

static bool remember(struct store *s, uint32_t len, uint32_t sum)
{
    if (s->count == s->cap) {
        uint32_t cap = s->cap ? 2 * s->cap : FIRST_CAP;
        struct place *places = realloc(s->places, cap * sizeof(*places));

        if (!places)
            return false;
        s->places = places;
        s->cap = cap;
    }
    s->places[s->count++] =
        (struct place){.at = s->end + STORE_RECORD_HEADER, .len = len, .sum = sum};
    s->end += STORE_RECORD_HEADER + len;
    return true;
}

/* The checksum of a text in the file, in parts. False where the disk fails. */
static bool sum_in_file(const struct store *s, uint64_t at, uint32_t len, uint32_t *ret)
{
    uint8_t part[4096];
    uint32_t sum = checksum(0, s->salt, sizeof(s->salt));

    while (len > 0) {
        size_t n = size_min(len, sizeof(part));

        if (!read_at(s->fd, at, part, n))
            return false;
        sum = checksum(sum, part, n);
        at += n;
        len -= (uint32_t)n;
    }
    *ret = sum;
    return true;
}

enum scanned { SCANNED_GOOD, SCANNED_BAD, SCANNED_TROUBLE };

/* Looks at the record at `at`, whose number would be `number`. */
static enum scanned scan_record(const struct store *s, uint64_t at, uint32_t number, uint64_t size,
                                struct place *ret)
{
    uint8_t head[STORE_RECORD_HEADER];
    uint32_t sum;

    if (size - at < sizeof(head))
        return SCANNED_BAD;
    if (!read_at(s->fd, at, head, sizeof(head)))
        return SCANNED_TROUBLE;
    struct place place = {.at = at + sizeof(head), .len = get_u32(head), .sum = get_u32(head + 8)};
    if (get_u32(head + 4) != head_sum(s, number, place.len) || place.len > size - place.at)
        return SCANNED_BAD;
    if (!sum_in_file(s, place.at, place.len, &sum))
        return SCANNED_TROUBLE;
    *ret = place;
    return sum == place.sum ? SCANNED_GOOD : SCANNED_BAD;
}

/*
 * True where a later record stands whole behind a bad one at s->end. Which number it has is not
 * known where the length of the bad one cannot be trusted; the next two are tried at every octet.
 */
static bool good_record_behind(const struct store *s, uint64_t size)
{
    static uint8_t window[PART];
    struct place unused;

    for (uint64_t at = s->end + 1; at + STORE_RECORD_HEADER <= size;) {
        size_t len = (size_t)(size - at < PART ? size - at : PART);

        if (!read_at(s->fd, at, window, len))
            return true; /* what cannot be read must not be cut off */
        for (size_t i = 0; i + STORE_RECORD_HEADER <= len; i++) {
            for (uint32_t number = s->count + 2; number <= s->count + 3; number++) {
                if (get_u32(window + i + 4) == head_sum(s, number, get_u32(window + i)) &&
                    scan_record(s, at + i, number, size, &unused) == SCANNED_GOOD)
                    return true;
            }
        }
        at += len - STORE_RECORD_HEADER + 1;
    }
    return false;
}

static bool cut_tail(struct store *s, const char *path, uint64_t size, struct problem *why)
{
    if (good_record_behind(s, size))
        return problem_set(why,
                           "%s is damaged at octet %llu: message %u cannot be read, but later "
                           "ones can; the file is left as it is",
                           path, (unsigned long long)s->end, s->count + 1);
    if (ftruncate(s->fd, (off_t)s->end) != 0 || fsync(s->fd) != 0)
        return problem_set(why, "cannot cut the torn end of %s: %s", path, strerror(errno));
    log_note("%s: the last %llu octets are a torn record, which is cut off; %u messages are whole",
             path, (unsigned long long)(size - s->end), s->count);
    return true;
}

static bool scan(struct store *s, const char *path, uint64_t size, struct problem *why)
{
    s->end = STORE_HEADER;
    while (s->end < size) {
        struct place place = {0};
        enum scanned found = scan_record(s, s->end, s->count + 1, size, &place);

        if (found == SCANNED_TROUBLE)
            return problem_set(why, "cannot read %s: %s", path, strerror(errno));
        if (found == SCANNED_BAD)
            return cut_tail(s, path, size, why);
        if (s->count == INT32_MAX || !remember(s, place.len, place.sum))
            return problem_set(why, "%s has more messages than memory has room for", path);
    }
    return true;
}

/* ---- opening ---- */

/* A file's name is durable only once its folder is. */
static bool sync_folder(const char *path)
{
    char copy[PATH_MAX];

    text_copy(copy, sizeof(copy), path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

static bool begin_file(struct store *s, const char *path, struct problem *why)
{
    uint8_t header[STORE_HEADER];

    memcpy(header, magic, sizeof(magic));
    put_u32(header + 8, FORMAT);
    if (getrandom(s->salt, sizeof(s->salt), 0) != (ssize_t)sizeof(s->salt))
        return problem_set(why, "no random numbers: %s", strerror(errno));
    memcpy(header + 12, s->salt, sizeof(s->salt));
    if (ftruncate(s->fd, 0) != 0 ||
        pwrite(s->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header) || fsync(s->fd) != 0 ||
        !sync_folder(path))
        return problem_set(why, "cannot write %s: %s", path, strerror(errno));
    s->end = STORE_HEADER;
    return true;
}

/* A file that ends inside its header, and is as far as it goes the header of ours, was never used:
   its maker was killed. */
static bool open_content(struct store *s, const char *path, uint64_t size, struct problem *why)
{
    uint8_t header[STORE_HEADER] = {0};
    uint8_t wanted[12];
    size_t len = (size_t)(size < sizeof(header) ? size : sizeof(header));

    memcpy(wanted, magic, sizeof(magic));
    put_u32(wanted + 8, FORMAT);
    if (!read_at(s->fd, 0, header, len))
        return problem_set(why, "cannot read %s: %s", path, strerror(errno));
    if (!slice_starts(slice_of(wanted, sizeof(wanted)),
                      slice_of(header, size_min(len, sizeof(wanted)))))
        return problem_set(why, "%s is no message file of this program", path);
    if (len < sizeof(header))
        return begin_file(s, path, why);
    memcpy(s->salt, header + 12, sizeof(s->salt));
    return scan(s, path, size, why);
}

static bool open_file(struct store *s, const char *path, struct problem *why)
{
    struct stat status;

    /* O_NONBLOCK: the open of a FIFO must not wait for its other end. */
    s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (s->fd < 0 || fstat(s->fd, &status) != 0)
        return problem_set(why, "cannot open %s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return problem_set(why, "%s is no regular file", path);
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        return problem_set(why, "%s: %s", path,
                           errno == EWOULDBLOCK ? "another server uses it" : strerror(errno));
    /* What another server did before it let go is only seen now. */
    if (fstat(s->fd, &status) != 0)
        return problem_set(why, "cannot open %s: %s", path, strerror(errno));
    return open_content(s, path, (uint64_t)status.st_size, why);
}

struct store *store_open(const char *path, const struct store_limits *limits, struct problem *why)
{
    struct store *s = calloc(1, sizeof(*s));

    if (!s) {
        problem_set(why, "out of memory");
        return NULL;
    }
    s->fd = -1;
    s->limits = *limits;
    if (!open_file(s, path, why)) {
        store_close(s);
        return NULL;
    }
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s->places);
    free(s);
}

/* ---- saving and reading ---- */

/* Header and text go out together; what a kill leaves behind is a front part of them. */
static bool append(struct store *s, struct slice record)
{
    uint64_t at = s->end;

    while (record.len > 0) {
        ssize_t n = pwrite(s->fd, record.data, record.len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        record = slice_from(record, (size_t)n);
        at += (uint64_t)n;
    }
    return fdatasync(s->fd) == 0;
}

/* What a failed append has left must not stand in the way of the next one. */
static void take_back(struct store *s)
{
    if (ftruncate(s->fd, (off_t)s->end) != 0 || fdatasync(s->fd) != 0) {
        s->broken = true;
        log_error("a failed write cannot be taken back: no message is stored any more");
    }
}

static bool may_save(const struct store *s, struct slice text, struct problem *why)
{
    if (s->broken)
        return problem_set(why, "an earlier write failed and could not be taken back");
    if (text.len > s->limits.message_bytes)
        return problem_set(why, "the message has %zu octets; at most %zu are stored", text.len,
                           s->limits.message_bytes);
    if (s->count >= s->limits.count)
        return problem_set(why, "the store is full: %u messages", s->count);
    if (s->end + STORE_RECORD_HEADER + text.len > STORE_FILE_MAX)
        return problem_set(why, "the store is full: %llu octets", (unsigned long long)s->end);
    return true;
}

uint32_t store_save(struct store *s, struct slice text, struct problem *why)
{
    uint8_t head[STORE_RECORD_HEADER];
    uint32_t sum = text_sum(s, text);
    struct buf record;

    if (!may_save(s, text, why))
        return 0;
    put_u32(head, (uint32_t)text.len);
    put_u32(head + 4, head_sum(s, s->count + 1, (uint32_t)text.len));
    put_u32(head + 8, sum);
    buf_init(&record, STORE_RECORD_HEADER + (size_t)STORE_MESSAGE_MAX);
    buf_put(&record, slice_of(head, sizeof(head)));
    buf_put(&record, text);
    bool ok = !record.failed && append(s, buf_slice(&record));
    if (record.failed) {
        problem_set(why, "out of memory");
    } else if (!ok) {
        problem_set(why, "cannot write: %s", strerror(errno));
        take_back(s);
    } else if (!remember(s, (uint32_t)text.len, sum)) {
        ok = problem_set(why, "out of memory");
        take_back(s);
    }
    buf_free(&record);
    return ok ? s->count : 0;
}

static const struct place *find(const struct store *s, int64_t number)
{
    return number >= 1 && number <= s->count ? &s->places[number - 1] : NULL;
}

bool store_read(struct store *s, int64_t number, struct buf *out, struct problem *why)
{
    const struct place *place = find(s, number);
    size_t before = out->len;

    *why = (struct problem){0};
    if (!place)
        return false;
    uint8_t *into = buf_extend(out, place->len);
    if (!into)
        return problem_set(why, "message %u has no room", (unsigned)number);
    if (!read_at(s->fd, place->at, into, place->len))
        problem_set(why, "cannot read message %u: %s", (unsigned)number, strerror(errno));
    else if (text_sum(s, slice_of(into, place->len)) != place->sum)
        problem_set(why, "message %u is not what was saved: the disk has changed it",
                    (unsigned)number);
    else
        return true;
    out->len = before;
    return false;
}

size_t store_length(const struct store *s, int64_t number)
{
    const struct place *place = find(s, number);

    return place ? place->len : 0;
}

uint32_t store_count(const struct store *s)
{
    return s->count;
}
