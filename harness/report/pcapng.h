/*
 * What happened on the connections of a check as a capture file that Wireshark and tshark read,
 * made from the transcript and not from a network interface: no privilege is needed, and what a
 * Unix-domain socket carried can be looked at in the same way. Files are pcapng
 * (draft-ietf-opsawg-pcapng) with one interface of LINKTYPE_RAW, whose packets begin with their
 * IPv4 (RFC 791) or IPv6 (RFC 8200) header.
 *
 * - Octets are those that were sent and heard; all around them is made up: one packet per act, up
 * to 65000 octets in each, in order and without loss. TCP (RFC 9293) begins with its handshake and
 *   ends as the connection ended, by FIN or RST; datagrams are UDP (RFC 768).
 * - The side that serves has its own port, the other 40000 and the number of the connection. What
 *   is no IP at all stands between 127.0.0.1 and itself: streams and records as TCP, datagrams as
 *   UDP.
 * - Where fewer octets are kept than there were, the captured length is smaller than the original
 *   one; sequence numbers count the original. Octets that were read and not looked at are no act.
 * - Each packet carries the words of its act as a comment.
 */
#ifndef HARNESS_REPORT_PCAPNG_H
#define HARNESS_REPORT_PCAPNG_H

#include "harness/report/exhibit.h"

struct pcapng_words {
    const char *about;  /* of the whole file */
    const char *broken; /* behind those of the packet that broke the claim */
};

/* Writes the file. What cannot be written shows in ferror(out); false where there is no memory. */
bool pcapng_write(FILE *out, const struct exhibit *e, const struct pcapng_words *words) MUST_USE;

#endif
