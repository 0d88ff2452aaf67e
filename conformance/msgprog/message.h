/*
 * Steps on the program MSGPROG, version 2: save a text, read one. Other clients may store texts at
 * the same time; a check knows its own by their content.
 *
 *     int SAVEMSG(string) = 1;     the number of the stored text, from 1 on; 0: not stored
 *     string READMSG(int) = 2;     the text of that number; empty: never given
 */
#ifndef CONFORMANCE_MSGPROG_MESSAGE_H
#define CONFORMANCE_MSGPROG_MESSAGE_H

#include "conformance/runner/calls.h"

enum { MESSAGE_SAVE = 1, MESSAGE_READ = 2, MESSAGE_MAX = 1 << 20 };

/* Appends a text of so many octets (letters, digits, blanks) that no other client has, as far as
   its length allows. */
void message_text(struct check_ctx *c, size_t octets, struct buf *out);

/* The arguments of SAVEMSG, appended. */
void message_args(struct slice text, struct buf *out);

/* Says SAVEMSG of this text, honestly; with `due` a reply is waited for, which is not judged. */
void message_say(struct check_ctx *c, struct conn *conn, struct slice text, bool due,
                 struct heard *ret);

/* Where `conn` is NULL in the steps below, they have a connection of their own, and close it. */

/* Saves the text. Its number, from 1 on; anything else breaks the claim, and is 0. */
int32_t message_save(struct check_ctx *c, struct conn *conn, struct slice text);

/* What a saved text may end as: stored under a number (from 1 on), or refused (0): the number 0,
   GARBAGE_ARGS, SYSTEM_ERR, an end of the connection, on datagrams also silence. All else breaks
   the claim. `what` names the message. */
int32_t message_outcome(struct check_ctx *c, struct heard *h, const char *what);

/* Reads a text; it is whole and well-formed. */
void message_read(struct check_ctx *c, struct conn *conn, int32_t number, struct buf *ret);

/* As message_read, but an answer that is no text is not judged: false. */
bool message_try_read(struct check_ctx *c, struct conn *conn, int32_t number, struct buf *ret);

/* Another connection than this one, where the target serves several at a time; else this one as
   long as it lasts. What was stored over one connection is read over another. */
struct conn *message_reader(struct check_ctx *c, struct conn *conn);

/* The number reads as this very text. */
void message_holds(struct check_ctx *c, struct conn *conn, int32_t number, struct slice text);

/* Saves and reads back. Returns the number. */
int32_t message_roundtrip(struct check_ctx *c, struct conn *conn, struct slice text);

/* No message with a number between the two (both excluded) contains the text. */
void message_absent(struct check_ctx *c, int32_t after, int32_t before, struct slice text);

#endif
