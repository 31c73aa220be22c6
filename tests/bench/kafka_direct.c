/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Direct production with librdkafka, to hold the Kafka sink against: the same message, as durable
 * (acks=all, idempotent), with so many on their way at a time.
 *
 *     kafka_direct SERVERS TOPIC FILE WINDOW SECONDS LINGER_MS
 *
 * Prints "RATE P50_US P99_US". One thread; the next message is sent from the report on one.
 */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_PAYLOAD 65536
#define MAX_SAMPLES 4000000

static char payload[MAX_PAYLOAD];
static size_t payload_bytes;
static rd_kafka_topic_t *topic;
static int64_t end_us;
static int64_t delivered;
static int64_t outstanding;
static int64_t first_failure;
static uint32_t *samples; /* latencies in microseconds */

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "kafka_direct: %s: %s\n", what, why);
    exit(1);
}

static void send_one(void)
{
    void *sent_us = (void *)(uintptr_t)now_us();
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload, payload_bytes,
                         NULL, 0, sent_us) != 0)
        die("produce", rd_kafka_err2str(rd_kafka_last_error()));
    outstanding++;
}

static void on_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    (void)opaque;
    int64_t now = now_us();
    outstanding--;
    if (message->err)
        first_failure = message->err;
    else if (delivered < MAX_SAMPLES)
        samples[delivered++] = (uint32_t)(now - (int64_t)(uintptr_t)message->_private);
    if (now < end_us)
        send_one();
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char reason[256];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
        die(name, reason);
}

static rd_kafka_t *new_producer(const char *servers, const char *linger_ms)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", servers);
    set(conf, "enable.idempotence", "true");
    set(conf, "acks", "all");
    set(conf, "linger.ms", linger_ms);
    set(conf, "socket.nagle.disable", "true");
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    if (!handle)
        die("rd_kafka_new", reason);
    return handle;
}

static void read_payload(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        die(path, "cannot be opened");
    payload_bytes = fread(payload, 1, sizeof(payload), file);
    (void)fclose(file);
}

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* One round trip, so that connecting is not measured. */
static void warm_up(rd_kafka_t *handle)
{
    send_one();
    while (outstanding > 0)
        (void)rd_kafka_poll(handle, 100);
    delivered = 0;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        die("usage", "kafka_direct SERVERS TOPIC FILE WINDOW SECONDS LINGER_MS");
    int window = atoi(argv[4]);
    read_payload(argv[3]);
    samples = calloc(MAX_SAMPLES, sizeof(*samples));
    rd_kafka_t *handle = new_producer(argv[1], argv[6]);
    topic = rd_kafka_topic_new(handle, argv[2], NULL);
    if (!samples || !topic)
        die("start", "out of memory, or no such topic name");
    warm_up(handle);
    int64_t began_us = now_us();
    end_us = began_us + (int64_t)atoi(argv[5]) * 1000000;
    for (int i = 0; i < window; i++)
        send_one();
    while (outstanding > 0)
        (void)rd_kafka_poll(handle, 100);
    double seconds = (double)(now_us() - began_us) / 1e6;
    if (first_failure || delivered == 0)
        die("delivery", rd_kafka_err2str((rd_kafka_resp_err_t)first_failure));
    qsort(samples, (size_t)delivered, sizeof(*samples), by_value);
    (void)printf("%.0f %u %u\n", (double)delivered / seconds, samples[delivered / 2],
                 samples[delivered * 99 / 100]);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(handle);
    free(samples);
    return 0;
}
