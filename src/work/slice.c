/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own: the kernel's header for sched_attr and glibc's <sched.h> exclude each other.
 */
#include "work/slice.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 200000

void eg_slice_ask_for_short(void)
{
    struct sched_attr attr = {.size = sizeof(attr)};
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0)
        return;
    attr.sched_flags |= SCHED_FLAG_KEEP_POLICY;
    attr.sched_runtime = SLICE_NS;
    (void)syscall(SYS_sched_setattr, 0, &attr, 0); /* refused: the slices stay as they are */
}
