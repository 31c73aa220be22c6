/* SPDX-License-Identifier: Apache-2.0 */
/* How the process shares the cores with others. Main thread, before there are others. */
#ifndef EG_WORK_SCHEDULE_H
#define EG_WORK_SCHEDULE_H

/*
 * Whoever wakes one of our threads goes on running, which then finds more to do at once: requests
 * to read, events to commit (SCHED_BATCH, sched(7)). The share of the cores stays the same. A
 * policy that was chosen outside stays; where it is not allowed, nothing changes.
 */
void eg_schedule_in_batches(void);

/* Cores that the process may run on; at least 1. */
unsigned eg_schedule_cores(void);

#endif
