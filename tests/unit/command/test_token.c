/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate token` as a caller sees it: exit codes, standard output, the files it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "command/duration.h"

#define WORDS_MAX 16

static char folder[] = "/tmp/eventgate-token-XXXXXX";
static char output[65536];

/* Replaces a standard stream by a file; returns what brings it back. */
static int redirect(int stream, const char *path, int flags)
{
    int kept = dup(stream);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    EG_ASSERT(kept >= 0 && fd >= 0 && dup2(fd, stream) == stream);
    close(fd);
    return kept;
}

static void restore(int stream, int kept)
{
    EG_ASSERT(dup2(kept, stream) == stream);
    close(kept);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    EG_ASSERT(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    EG_ASSERT(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    EG_ASSERT(fclose(file) == 0);
}

/* `token` and the words up to NULL; what it printed is in `output`. */
static int run(const char *input, ...)
{
    char *argv[WORDS_MAX] = {eg_strdup("token")};
    int argc = 1;
    va_list words;
    va_start(words, input);
    for (const char *word; (word = va_arg(words, const char *));)
        argv[argc++] = eg_strdup(word);
    va_end(words);
    write_file("in", input);
    (void)fflush(stdout);
    int in = redirect(STDIN_FILENO, "in", O_RDONLY);
    int out = redirect(STDOUT_FILENO, "out", O_WRONLY | O_CREAT | O_TRUNC);
    int err = redirect(STDERR_FILENO, "err", O_WRONLY | O_CREAT | O_TRUNC);
    int code = eg_command_token.run(argc, argv);
    (void)fflush(stdout);
    restore(STDIN_FILENO, in);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, err);
    read_file("out", output, sizeof(output));
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return code;
}

static void chomp(void)
{
    output[strcspn(output, "\n")] = '\0';
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return -1;
    return run("", "keygen", "--out", "k.pem", "--public-out", "k.json", NULL);
}

static int tear_down(void **state)
{
    (void)state;
    EG_AUTOFREE char *command = eg_asprintf("rm -r %s", folder);
    return chdir("/") == 0 ? system(command) : -1;
}

static void test_keygen_writes_a_private_and_a_public_file(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(stat("k.pem", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    char text[4096];
    read_file("k.json", text, sizeof(text));
    assert_memory_equal(text, "{\"keys\":[{\"key\":\"MII", 20);
    /* Nothing is overwritten, and what it began is taken away. */
    assert_int_equal(run("", "keygen", "--out", "k.pem", "--public-out", "x", NULL),
                     EG_EXIT_TROUBLE);
    assert_int_equal(run("", "keygen", "--out", "y", "--public-out", "k.json", NULL),
                     EG_EXIT_TROUBLE);
    assert_int_equal(access("x", F_OK), -1);
    assert_int_equal(access("y", F_OK), -1);
}

static void test_issue_and_verify(void **state)
{
    (void)state;
    assert_int_equal(run("", "issue", "--key", "k.pem", "--sub", "alice", "--claim", "n=7",
                         "--claim", "team=blue", "--kid", "one", NULL),
                     EG_EXIT_YES);
    EG_AUTOFREE char *token = eg_strdup(output);
    assert_int_equal(run(token, "verify", "--keys", "k.json", NULL), EG_EXIT_YES);
    assert_memory_equal(output, "valid\n{\"sub\":\"alice\",\"iat\":", 27);
    assert_non_null(strstr(output, "\"n\":7,\"team\":\"blue\"}\n"));
    assert_int_equal(run(token, "verify", "--keys", "k.json", "-", NULL), EG_EXIT_YES);
    token[strcspn(token, "\n")] = '\0';
    assert_int_equal(run("", "verify", "--key", "k.pem", token, NULL), EG_EXIT_YES);
    assert_int_equal(run("", "verify", "--keys", "k.json", "--signature-only", token, NULL),
                     EG_EXIT_YES);
    assert_string_equal(output, "valid\n");
    token[strlen(token) / 2] ^= 1;
    assert_int_equal(run("", "verify", "--keys", "k.json", token, NULL), EG_EXIT_NO);
    assert_memory_equal(output, "invalid: ", 9);
}

static void issue_with(const char *option, const char *value)
{
    assert_int_equal(run("", "issue", "--key", "k.pem", "--sub", "alice", option, value, NULL),
                     EG_EXIT_YES);
    chomp();
}

static void test_claims_and_times(void **state)
{
    (void)state;
    issue_with("--expires", "0s");
    EG_AUTOFREE char *expired = eg_strdup(output);
    assert_int_equal(run("", "verify", "--keys", "k.json", expired, NULL), EG_EXIT_NO);
    assert_string_equal(output, "invalid: the token has expired\n");
    assert_int_equal(run("", "verify", "--keys", "k.json", "--leeway", "5m", expired, NULL),
                     EG_EXIT_YES);
    assert_int_equal(run("", "verify", "--keys", "k.json", "--signature-only", expired, NULL),
                     EG_EXIT_YES);
    issue_with("--expires", "never");
    EG_AUTOFREE char *eternal = eg_strdup(output);
    assert_int_equal(run("", "verify", "--keys", "k.json", eternal, NULL), EG_EXIT_YES);
    assert_null(strstr(output, "\"exp\""));
    issue_with("--claim", "aud=[\"gate\"]");
    EG_AUTOFREE char *for_gate = eg_strdup(output);
    assert_int_equal(run("", "verify", "--keys", "k.json", for_gate, NULL), EG_EXIT_NO);
    assert_int_equal(run("", "verify", "--keys", "k.json", "--audience", "gate", for_gate, NULL),
                     EG_EXIT_YES);
    issue_with("--alg", "PS256");
    EG_AUTOFREE char *ps256 = eg_strdup(output);
    assert_int_equal(run("", "verify", "--keys", "k.json", ps256, NULL), EG_EXIT_NO);
    assert_int_equal(run("", "verify", "--keys", "k.json", "--alg", "RS256,PS256", ps256, NULL),
                     EG_EXIT_YES);
}

static void test_every_type_and_format(void **state)
{
    (void)state;
    static const char *const types[] = {"P-256", "P-384", "P-521", "Ed25519", "Ed448"};
    static const char *const formats[] = {"keys", "jwks", "pem"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(types) * EG_ARRAY_COUNT(formats); i++) {
        (void)unlink("t.pem");
        (void)unlink("t.pub");
        assert_int_equal(run("", "keygen", "--out", "t.pem", "--public-out", "t.pub", "--type",
                             types[i / 3], "--format", formats[i % 3], NULL),
                         EG_EXIT_YES);
        assert_int_equal(run("", "issue", "--key", "t.pem", "--sub", "bob", NULL), EG_EXIT_YES);
        EG_AUTOFREE char *token = eg_strdup(output);
        assert_int_equal(run(token, "verify", "--keys", "t.pub", "--signature-only", NULL),
                         EG_EXIT_YES);
    }
}

/* Ed25519, RFC 8037 appendix A: its payload is no JSON. */
static void test_signature_only_takes_any_payload(void **state)
{
    (void)state;
    static const char token[] =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
        "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    write_file("jwk", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                      "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
    assert_int_equal(run("", "verify", "--signature-only", "--jwk", "jwk", token, NULL),
                     EG_EXIT_YES);
    assert_int_equal(run(token, "verify", "--signature-only", "--jwk", "jwk", NULL), EG_EXIT_YES);
    assert_int_equal(run("", "verify", "--signature-only", "--jwk", "jwk", NULL), EG_EXIT_NO);
    assert_int_equal(run(token, "verify", "--signature-only", "--jwk", "jwk", "", NULL),
                     EG_EXIT_NO);
    write_file("jwk", "{\"kty\":\"oct\",\"k\":\"AAAA\"}");
    assert_int_equal(run(token, "verify", "--signature-only", "--jwk", "jwk", NULL), EG_EXIT_NO);
    assert_memory_equal(output, "invalid: ", 9);
}

static void test_usage_and_trouble(void **state)
{
    (void)state;
    assert_int_equal(run("", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "forge", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "issue", "--key", "k.pem", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "issue", "--key", "k.pem", "--sub", "a", "x", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "issue", "--key", "k.pem", "--sub", "a", "--alg", "HS256", NULL),
                     EG_EXIT_USAGE);
    assert_int_equal(run("", "issue", "--key", "k.pem", "--sub", "a", "--claim", "x", NULL),
                     EG_EXIT_USAGE);
    assert_int_equal(run("", "verify", "a.b.c", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "verify", "--key", "a", "--jwk", "b", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "verify", "--key", "k.pem", "--alg", "none", "t", NULL),
                     EG_EXIT_USAGE);
    assert_int_equal(run("", "verify", "--key", "k.pem", "a", "b", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "verify", "--wrong", NULL), EG_EXIT_USAGE);
    assert_int_equal(run("", "issue", "--key", "absent", "--sub", "a", NULL), EG_EXIT_TROUBLE);
    assert_int_equal(run("", "issue", "--key", "k.json", "--sub", "a", NULL), EG_EXIT_TROUBLE);
    assert_int_equal(run("", "verify", "--keys", "absent", "t", NULL), EG_EXIT_TROUBLE);
    assert_int_equal(run("", "verify", "--keys-url", "http://127.0.0.1:1/", "t", NULL),
                     EG_EXIT_TROUBLE);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0s", 0},      {"250ms", 250},  {"30s", 30000},
                {"2m", 120000}, {"1h", 3600000}, {"7d", 604800000}};
    static const char *const bad[] = {"",
                                      "1",
                                      "s",
                                      "-1s",
                                      "1.5s",
                                      "1w",
                                      "1 s",
                                      "1s ",
                                      "99999999999999999999s",
                                      "9223372036854775807d"};
    int64_t ms = -1;
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++)
        assert_false(eg_command_duration_ms(bad[i], &ms));
    assert_true(ms == -1);
    for (size_t i = 0; i < EG_ARRAY_COUNT(good); i++) {
        assert_true(eg_command_duration_ms(good[i].text, &ms));
        assert_true(ms == good[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keygen_writes_a_private_and_a_public_file),
        cmocka_unit_test(test_issue_and_verify),
        cmocka_unit_test(test_claims_and_times),
        cmocka_unit_test(test_every_type_and_format),
        cmocka_unit_test(test_signature_only_takes_any_payload),
        cmocka_unit_test(test_usage_and_trouble),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests_name("command/token", tests, set_up, tear_down);
}
