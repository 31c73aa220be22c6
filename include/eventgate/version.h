/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the program and of its public headers. */
#ifndef EVENTGATE_VERSION_H
#define EVENTGATE_VERSION_H

#define EVENTGATE_VERSION "0.1.0"

#endif
