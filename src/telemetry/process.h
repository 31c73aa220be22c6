/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says about this process, as the process_* metrics. */
#ifndef EG_TELEMETRY_PROCESS_H
#define EG_TELEMETRY_PROCESS_H

/*
 * Watches the process_* families, eventgate_log_lines_dropped_total and eventgate_build_info: call
 * once, at start. They are read from /proc when metrics are rendered.
 */
void eg_process_metrics_register(void);

#endif
