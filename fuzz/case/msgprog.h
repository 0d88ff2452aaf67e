/* The numbers of the services that the cases call, reference/msgprog/msg.x and fuzz/tirpc/pairs.x:
   the headers that rpcgen makes of them need libtirpc. */
#ifndef FUZZ_CASE_MSGPROG_H
#define FUZZ_CASE_MSGPROG_H

enum {
    MSGPROG_PROGRAM = 345678,
    MSGPROG_VERSION = 2,
    MSGPROG_SAVEMSG = 1,
    MSGPROG_READMSG = 2,
};

/* Its first two procedures are those of MSGPROG. */
enum {
    PAIRS_PROGRAM = 0x20737475,
    PAIRS_VERSION = 2,
    PAIRS_SWAP = 3,
    PAIRS_NAME = 4,
    PAIRS_TEXT_MAX = 64, /* octets of a text, of a name, and names */
    PAIRS_OCTETS_MAX = 16,
    PAIRS_NAMES_MAX = 8,
};

#endif
