/* What a hash of octets is, for those who compare them without having them. */
#include "harness/report/exhibit.h"

uint64_t exhibit_hash(struct slice octets)
{
    uint64_t hash = 14695981039346656037U;

    for (size_t i = 0; i < octets.len; i++)
        hash = (hash ^ octets.data[i]) * 1099511628211U;
    return hash;
}
