/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader against JSONTestSuite (nst/JSONTestSuite, MIT): every y_ file must be accepted, every
 * n_ file refused, no i_ file may crash.
 *
 * The folder comes from EVENTGATE_VECTORS, by default ../shared/vectors seen from the project's
 * root; without it the run says so and passes. Duplicate names are allowed here: RFC 8259 only says
 * that names SHOULD be unique, and the suite has two y_ files that repeat one. The daemon's own
 * limits refuse them, because two readers of one event must not see two different values.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "json/document.h"

struct tally {
    unsigned accepted;
    unsigned refused;
    unsigned survived;
    unsigned wrong;
};

static int read_file(const char *path, struct eg_buffer *buffer)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    char chunk[16384];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        eg_buffer_append(buffer, chunk, got);
    int failed = ferror(file);
    (void)fclose(file);
    return failed ? -1 : 0;
}

static void count_case(struct tally *tally, const char *name, int verdict, const char *message)
{
    if (name[0] == 'i') {
        tally->survived++;
    } else if (name[0] == 'y' && verdict == 0) {
        tally->accepted++;
    } else if (name[0] == 'n' && verdict != 0) {
        tally->refused++;
    } else {
        tally->wrong++;
        printf("json-parsing: %s was %s%s\n", name,
               verdict == 0 ? "accepted" : "refused: ", message);
    }
}

static int run_case(struct tally *tally, const char *folder, const char *name)
{
    EG_AUTOFREE char *path = eg_asprintf("%s/%s", folder, name);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (read_file(path, &text) != 0) {
        printf("json-parsing: %s can't be read\n", path);
        return -1;
    }
    /* A block of exactly the text's size, so that a sanitizer sees a read behind its end. */
    EG_AUTOFREE char *exact = eg_malloc(text.len);
    if (text.len)
        memcpy(exact, text.data, text.len);
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    struct eg_json_document document;
    struct eg_error err = {.message = ""};
    eg_json_document_init(&document);
    int verdict =
        eg_json_document_parse(&document, (struct eg_span){exact, text.len}, &limits, &err);
    count_case(tally, name, verdict, err.message);
    eg_json_document_fini(&document);
    return 0;
}

static int run_folder(struct tally *tally, const char *folder, DIR *dir)
{
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && strcmp(dot, ".json") == 0 && run_case(tally, folder, entry->d_name) != 0)
            return -1;
    }
    return 0;
}

int main(void)
{
    const char *vectors = getenv("EVENTGATE_VECTORS");
    EG_AUTOFREE char *folder = eg_asprintf("%s/json-parsing/test_parsing",
                                           vectors && *vectors ? vectors : "../shared/vectors");
    DIR *dir = opendir(folder);
    if (!dir) {
        printf("json-parsing: skipped, 318 cases not found in %s\n", folder);
        return 0;
    }
    struct tally tally = {0};
    int failed = run_folder(&tally, folder, dir);
    (void)closedir(dir);
    printf("json-parsing: %u y_ accepted, %u n_ refused, %u i_ survived", tally.accepted,
           tally.refused, tally.survived);
    if (tally.wrong)
        printf(", %u WRONG", tally.wrong);
    printf("\n");
    return failed || tally.wrong || tally.accepted + tally.refused == 0;
}
