/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name table, and the reader's check that no name of an object comes twice.
 *
 * Small objects compare every pair of names by a tag of four bytes, which is faster than hashing
 * them; the bound on their size keeps the whole check linear in the text.
 */
#include "json/names.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "json/reader.h"
#include "json/utf8.h"

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void draw_hash_key(void)
{
    if (getentropy(hash_key, sizeof(hash_key)) != 0) {
        /* No system call for it: the load address is the best that is left. */
        hash_key[0] = (uint64_t)(uintptr_t)&hash_key;
        hash_key[1] = (uint64_t)(uintptr_t)&draw_hash_key;
    }
}

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip_state *s)
{
    s->v0 += s->v1;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v2 = rotate_left(s->v2, 32);
}

static inline void sip_word(struct sip_state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

/* SipHash-1-3 (Aumasson, Bernstein 2012), on little-endian words in memory order. */
uint64_t eg_json_bytes_hash(struct eg_span bytes)
{
    (void)pthread_once(&hash_key_once, draw_hash_key);
    struct sip_state s = {hash_key[0] ^ 0x736f6d6570736575u, hash_key[1] ^ 0x646f72616e646f6du,
                          hash_key[0] ^ 0x6c7967656e657261u, hash_key[1] ^ 0x7465646279746573u};
    uint64_t word;
    size_t done = 0;
    for (; bytes.len - done >= 8; done += 8) {
        memcpy(&word, bytes.ptr + done, 8);
        sip_word(&s, word);
    }
    word = 0;
    if (bytes.len > done)
        memcpy(&word, bytes.ptr + done, bytes.len - done);
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): it is unsigned */
    sip_word(&s, word | (uint64_t)bytes.len << 56);
    s.v2 ^= 0xFF;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint32_t eg_json_name_table_capacity(uint32_t names)
{
    uint32_t capacity = 64;
    while (capacity / 2 < names)
        capacity *= 2;
    return capacity;
}

void eg_json_name_table_clear(struct eg_json_name_table *table)
{
    memset(table->slots, 0xFF, table->capacity * sizeof(*table->slots));
}

/* The slot that holds `name`, or the free one where it belongs. */
static struct eg_json_name_slot *find_slot(const struct eg_json_name_table *table,
                                           const struct eg_json_document *document,
                                           struct eg_span name, uint32_t hash)
{
    for (uint32_t i = hash;; i++) {
        struct eg_json_name_slot *slot = &table->slots[i & (table->capacity - 1)];
        if (slot->name == EG_JSON_NONE ||
            (slot->hash == hash && eg_span_equal(eg_json_string(document, slot->name), name)))
            return slot;
    }
}

eg_json_index eg_json_name_table_put(struct eg_json_name_table *table,
                                     const struct eg_json_document *document, eg_json_index name)
{
    struct eg_span text = eg_json_string(document, name);
    uint32_t hash = (uint32_t)eg_json_bytes_hash(text);
    struct eg_json_name_slot *slot = find_slot(table, document, text, hash);
    eg_json_index before = slot->name;
    *slot = (struct eg_json_name_slot){hash, name};
    return before;
}

eg_json_index eg_json_name_table_find(const struct eg_json_name_table *table,
                                      const struct eg_json_document *document, struct eg_span name)
{
    return find_slot(table, document, name, (uint32_t)eg_json_bytes_hash(name))->name;
}

/* Length and three of the name's bytes. */
static inline uint32_t name_tag(struct eg_span name)
{
    if (name.len == 0)
        return 0;
    const unsigned char *u = (const unsigned char *)name.ptr;
    return (uint32_t)name.len << 24 | (uint32_t)u[0] << 16 | (uint32_t)u[name.len / 2] << 8 |
           u[name.len - 1];
}

/* The later node of the first pair of equal names, or EG_JSON_NONE. */
static eg_json_index find_duplicate_small(const struct eg_json_document *document,
                                          eg_json_index object)
{
    uint32_t tags[EG_JSON_SMALL_OBJECT];
    eg_json_index names[EG_JSON_SMALL_OBJECT];
    uint32_t count = eg_json_count(document, object);
    eg_json_index name = object + 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t tag = name_tag(eg_json_string(document, name));
        tags[i] = tag;
        names[i] = name;
        for (uint32_t k = 0; k < i; k++)
            if (EG_UNLIKELY(tags[k] == tag) &&
                eg_span_equal(eg_json_string(document, names[k]), eg_json_string(document, name)))
                return name;
        name = eg_json_next(document, name + 1);
    }
    return EG_JSON_NONE;
}

static eg_json_index find_duplicate_large(struct eg_json_document *document, eg_json_index object)
{
    uint32_t count = eg_json_count(document, object);
    uint32_t capacity = eg_json_name_table_capacity(count);
    if (document->name_slot_capacity < capacity) {
        free(document->name_slots);
        document->name_slots = eg_malloc(capacity * sizeof(*document->name_slots));
        document->name_slot_capacity = capacity;
    }
    struct eg_json_name_table table = {document->name_slots, capacity};
    eg_json_name_table_clear(&table);
    eg_json_index name = object + 1;
    for (uint32_t i = 0; i < count; i++) {
        if (eg_json_name_table_put(&table, document, name) != EG_JSON_NONE)
            return name;
        name = eg_json_next(document, name + 1);
    }
    return EG_JSON_NONE;
}

/* The name as it stands in the text, cut on a character's boundary. */
static struct eg_span shown_name(const struct eg_json_document *document, eg_json_index name)
{
    struct eg_span text = eg_json_text(document, name);
    text = (struct eg_span){text.ptr + 1, text.len - 2};
    size_t shown = 0;
    while (shown < text.len) {
        size_t len = eg_json_utf8_sequence(text.ptr + shown, text.len - shown);
        if (len == 0 || shown + len > 64)
            break;
        shown += len;
    }
    return (struct eg_span){text.ptr, shown};
}

int eg_json_reader_check_names(struct eg_json_reader *r, eg_json_index object)
{
    struct eg_json_document *document = r->document;
    eg_json_index name = eg_json_count(document, object) <= EG_JSON_SMALL_OBJECT
                             ? find_duplicate_small(document, object)
                             : find_duplicate_large(document, object);
    if (EG_LIKELY(name == EG_JSON_NONE))
        return 0;
    struct eg_span shown = shown_name(document, name);
    char what[128];
    (void)snprintf(what, sizeof(what), "the name \"%.*s\" comes twice in one object",
                   EG_SPAN_ARGS(shown));
    (void)eg_json_reader_error(r, document->text + document->nodes[name].start, EG_ERR_INVALID,
                               what);
    return -1;
}
