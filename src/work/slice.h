/* SPDX-License-Identifier: Apache-2.0 */
/* How long the calling thread runs at a stretch. Any thread, for itself. */
#ifndef EG_WORK_SLICE_H
#define EG_WORK_SLICE_H

/*
 * Asks the scheduler for short slices: where the cores are busy, the thread then waits less for its
 * turn and gets no more of them in all (EEVDF; sched_setattr(2), since Linux 6.12). A kernel that
 * has no such thing refuses, and nothing changes.
 */
void eg_slice_ask_for_short(void);

#endif
