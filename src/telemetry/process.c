/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /proc/self when metrics are rendered. What can't be read counts as 0. */
#include "telemetry/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "eventgate/version.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

/* Fields of /proc/self/stat after the command's name, counted from 0: proc(5) counts them from 3.
 */
enum stat_field {
    STAT_THREADS = 20 - 3,
    STAT_START_TICKS = 22 - 3,
    STAT_VIRTUAL_BYTES = 23 - 3,
    STAT_RESIDENT_PAGES = 24 - 3,
};

static double read_stat(enum stat_field wanted)
{
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    char *rest = strrchr(text, ')'); /* the name may hold spaces and brackets */
    if (!rest)
        return 0;
    char *saved = NULL;
    char *word = strtok_r(rest + 1, " ", &saved);
    for (int i = 0; word && i < (int)wanted; i++)
        word = strtok_r(NULL, " ", &saved);
    return word ? strtod(word, NULL) : 0;
}

static double read_cpu(void *state)
{
    (void)state;
    struct timespec spent;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0)
        return 0;
    return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

static double read_resident(void *state)
{
    (void)state;
    return read_stat(STAT_RESIDENT_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

static double read_virtual(void *state)
{
    (void)state;
    return read_stat(STAT_VIRTUAL_BYTES);
}

static double read_threads(void *state)
{
    (void)state;
    return read_stat(STAT_THREADS);
}

/* Asked once, so that a later step of the wall clock does not move it. */
static double find_start_time(void)
{
    struct timespec now;
    struct timespec since_boot;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0)
        return 0;
    double booted =
        (double)(now.tv_sec - since_boot.tv_sec) + (double)(now.tv_nsec - since_boot.tv_nsec) / 1e9;
    return booted + read_stat(STAT_START_TICKS) / (double)sysconf(_SC_CLK_TCK);
}

static double read_open_fds(void *state)
{
    (void)state;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return 0;
    int count = -1; /* the directory itself is open too */
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        if (entry->d_name[0] != '.')
            count++;
    (void)closedir(directory);
    return count;
}

static double read_max_fds(void *state)
{
    (void)state;
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : 0;
}

static double read_log_dropped(void *state)
{
    (void)state;
    return (double)eg_log_dropped();
}

void eg_process_metrics_register(void)
{
    static const struct {
        enum eg_metric metric;
        eg_metrics_read read;
    } rows[] = {
        {EG_METRIC_LOG_LINES_DROPPED_TOTAL, read_log_dropped},
        {EG_METRIC_PROCESS_CPU_SECONDS_TOTAL, read_cpu},
        {EG_METRIC_PROCESS_RESIDENT_MEMORY_BYTES, read_resident},
        {EG_METRIC_PROCESS_VIRTUAL_MEMORY_BYTES, read_virtual},
        {EG_METRIC_PROCESS_OPEN_FDS, read_open_fds},
        {EG_METRIC_PROCESS_MAX_FDS, read_max_fds},
        {EG_METRIC_PROCESS_THREADS, read_threads},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(rows); i++)
        eg_metrics_watch(rows[i].metric, rows[i].read, NULL);
    eg_gauge_set(eg_metrics_gauge(EG_METRIC_PROCESS_START_TIME_SECONDS),
                 (int64_t)find_start_time());
    eg_gauge_set(eg_metrics_gauge(EG_METRIC_BUILD_INFO, EVENTGATE_VERSION), 1);
}
