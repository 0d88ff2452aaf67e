/*
 * The messages of MSGPROG on disk: a list that only grows, numbered from 1. A message whose number
 * was given out is durable: it survives the death of the process and, as far as fdatasync(2)
 * holds, of the machine.
 *
 * The file, all numbers big endian:
 *
 *   header  16 octets   "ASSAYMSG", the format (1) as 32 bits, a random salt of 32 bits
 *   record  12 octets   length of the text; checksum of salt, number and length; checksum of the
 *                       salt and the text (both CRC-32 of ISO 3309)
 *           length      the text, any octets
 *
 * The number of a record is its place. The salt keeps a text from looking like a record: nobody
 * outside can forge the checksums. A server that is killed in the middle of an append leaves a torn
 * record at the end. It was never answered for, so store_open cuts it off and says so. A bad
 * record with good ones behind it is no torn tail but damage: the file is then refused and left as
 * it is.
 *
 * One process at a time: the file is locked from store_open to store_close (flock(2)).
 */
#ifndef REFERENCE_STORE_STORE_H
#define REFERENCE_STORE_STORE_H

#include "harness/base/text.h"

enum {
    STORE_HEADER = 16,
    STORE_RECORD_HEADER = 12,
    STORE_MESSAGE_MAX = 16 << 20, /* the highest limit for one message */
    STORE_MESSAGE_DEFAULT = 1 << 20,
    STORE_COUNT_DEFAULT = 100000,
};

/* The whole file never grows beyond this. */
#define STORE_FILE_MAX ((uint64_t)1 << 32)

struct store_limits {
    size_t message_bytes; /* of one message, at most STORE_MESSAGE_MAX */
    uint32_t count;       /* of messages, at most INT32_MAX: numbers are an int of msg.x */
};

struct store;

/*
 * Opens the file, or makes it with mode 0600. NULL with the reason where it cannot be opened, is no
 * regular file, is locked by another process, is not of this kind, or is damaged. Messages that are
 * in it already count, also beyond the limits of today. The caller ends with store_close.
 */
struct store *store_open(const char *path, const struct store_limits *limits,
                         struct problem *why) MUST_USE;

/* Gives the file and the memory back; NULL is allowed. */
void store_close(struct store *s);

/*
 * Appends a message and returns its number, once it is durable. 0 with the reason where it is
 * longer than the limit, the store is full, or the disk fails. A write that failed is taken back;
 * where that fails too, the store takes no message any more.
 */
uint32_t store_save(struct store *s, struct slice text, struct problem *why) MUST_USE;

/*
 * Appends message `number` to out. False for a number that was never given, and where the disk
 * fails, does not give back what was saved, or out cannot hold it; `why` is set in the last three
 * cases and empty in the first. *out is unchanged where it is false.
 */
bool store_read(struct store *s, int64_t number, struct buf *out, struct problem *why) MUST_USE;

/* The length of message `number`; 0 for a number that was never given. */
size_t store_length(const struct store *s, int64_t number);

uint32_t store_count(const struct store *s);

#endif
