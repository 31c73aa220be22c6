/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded queue: room, order, batches, closing, and many threads at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "work/queue.h"

#define PRODUCERS    4
#define PER_PRODUCER 5000

static struct eg_queue_item *items_new(size_t count, size_t bytes)
{
    struct eg_queue_item *items = calloc(count, sizeof(*items));
    assert_non_null(items);
    for (size_t i = 0; i < count; i++)
        items[i].bytes = bytes;
    return items;
}

static void room_is_bounded_by_items(void **state)
{
    (void)state;
    struct eg_queue queue;
    eg_queue_init(&queue, &(struct eg_queue_limits){2, 1000});
    assert_true(eg_queue_reserve(&queue, 1));
    assert_true(eg_queue_reserve(&queue, 1));
    assert_false(eg_queue_reserve(&queue, 1));
    assert_int_equal(eg_queue_used_items(&queue), 2);
    assert_int_equal(eg_queue_used_bytes(&queue), 2);
    eg_queue_release(&queue, 1);
    assert_true(eg_queue_reserve(&queue, 1));
    eg_queue_fini(&queue);
}

static void room_is_bounded_by_bytes_but_one_large_item_passes(void **state)
{
    (void)state;
    struct eg_queue queue;
    eg_queue_init(&queue, &(struct eg_queue_limits){10, 100});
    assert_true(eg_queue_reserve(&queue, 500));
    assert_false(eg_queue_reserve(&queue, 1));
    eg_queue_release(&queue, 500);
    assert_true(eg_queue_reserve(&queue, 60));
    assert_false(eg_queue_reserve(&queue, 60));
    assert_int_equal(eg_queue_used_bytes(&queue), 60);
    eg_queue_fini(&queue);
}

static void pop_takes_what_waits_in_order_up_to_the_limits(void **state)
{
    (void)state;
    struct eg_queue queue;
    eg_queue_init(&queue, &(struct eg_queue_limits){100, 10000});
    struct eg_queue_item *items = items_new(10, 10);
    for (size_t i = 0; i < 10; i++)
        assert_true(eg_queue_push(&queue, &items[i]));
    assert_int_equal(eg_queue_waiting(&queue), 10);
    struct eg_queue_item *taken[10];
    struct eg_queue_batch by_items = {.max_items = 4, .max_bytes = 1000};
    assert_int_equal(eg_queue_pop(&queue, &by_items, taken), 4);
    for (size_t i = 0; i < 4; i++)
        assert_ptr_equal(taken[i], &items[i]);
    struct eg_queue_batch by_bytes = {.max_items = 10, .max_bytes = 25};
    assert_int_equal(eg_queue_pop(&queue, &by_bytes, taken), 2);
    assert_ptr_equal(taken[0], &items[4]);
    struct eg_queue_batch tiny = {.max_items = 10, .max_bytes = 1};
    assert_int_equal(eg_queue_pop(&queue, &tiny, taken), 1);
    struct eg_queue_batch rest = {.max_items = 10, .max_bytes = 1000, .gather_us = 1000};
    assert_int_equal(eg_queue_pop(&queue, &rest, taken), 3);
    assert_ptr_equal(taken[2], &items[9]);
    eg_queue_fini(&queue);
    free(items);
}

static void closed_queue_hands_out_the_rest_then_ends(void **state)
{
    (void)state;
    struct eg_queue queue;
    eg_queue_init(&queue, &(struct eg_queue_limits){100, 10000});
    struct eg_queue_item items[2] = {{.bytes = 1}, {.bytes = 1}};
    struct eg_queue_item *taken[4];
    struct eg_queue_batch batch = {.max_items = 4, .max_bytes = 100};
    assert_true(eg_queue_push(&queue, &items[0]));
    eg_queue_close(&queue);
    assert_false(eg_queue_push(&queue, &items[1]));
    assert_int_equal(eg_queue_pop(&queue, &batch, taken), 1);
    assert_int_equal(eg_queue_pop(&queue, &batch, taken), 0);
    eg_queue_fini(&queue);
}

struct shared {
    struct eg_queue queue;
    struct eg_queue_item *items;
    atomic_size_t next;
    atomic_size_t popped;
};

static void *produce(void *argument)
{
    struct shared *shared = argument;
    for (size_t i = 0; i < PER_PRODUCER; i++) {
        while (!eg_queue_reserve(&shared->queue, 1))
            (void)sched_yield();
        size_t index = atomic_fetch_add(&shared->next, 1);
        assert_true(eg_queue_push(&shared->queue, &shared->items[index]));
    }
    return NULL;
}

static void *consume(void *argument)
{
    struct shared *shared = argument;
    struct eg_queue_batch batch = {.max_items = 16, .max_bytes = 1000};
    struct eg_queue_item *taken[16];
    size_t count;
    while ((count = eg_queue_pop(&shared->queue, &batch, taken)) > 0) {
        atomic_fetch_add(&shared->popped, count);
        for (size_t i = 0; i < count; i++)
            eg_queue_release(&shared->queue, 1);
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct shared shared = {.items = items_new(PRODUCERS * PER_PRODUCER, 1)};
    eg_queue_init(&shared.queue, &(struct eg_queue_limits){64, 1000});
    pthread_t producers[PRODUCERS];
    pthread_t consumers[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&consumers[i], NULL, consume, &shared), 0);
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&producers[i], NULL, produce, &shared), 0);
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(producers[i], NULL), 0);
    eg_queue_close(&shared.queue);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(consumers[i], NULL), 0);
    assert_int_equal(atomic_load(&shared.popped), PRODUCERS * PER_PRODUCER);
    assert_int_equal(eg_queue_used_items(&shared.queue), 0);
    assert_int_equal(eg_queue_used_bytes(&shared.queue), 0);
    eg_queue_fini(&shared.queue);
    free(shared.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_bounded_by_items),
        cmocka_unit_test(room_is_bounded_by_bytes_but_one_large_item_passes),
        cmocka_unit_test(pop_takes_what_waits_in_order_up_to_the_limits),
        cmocka_unit_test(closed_queue_hands_out_the_rest_then_ends),
        cmocka_unit_test(nothing_is_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
