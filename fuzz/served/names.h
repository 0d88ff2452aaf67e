/*
 * Names of the server of MSGPROG, for its files and ours in front of each of which the Makefile
 * includes this. Its record reader has the names of the one in harness/rpc, with which it is linked
 * here and nowhere else; its store and its log are replaced by what stands in for them.
 */
#ifndef FUZZ_SERVED_NAMES_H
#define FUZZ_SERVED_NAMES_H

#define record_open served_record_open
#define record_close served_record_close
#define record_feed served_record_feed
#define store_save served_store_save
#define store_read served_store_read
#define store_length served_store_length
#define setup_complain served_complain

#endif
