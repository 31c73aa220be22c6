/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internationalised domain names: the one door to libidn2. Judges one label by IDNA2008 (RFC 5891
 * to 5893), contextual rules and the Bidi rule within the label included. Any thread.
 */
#ifndef EG_TEXT_IDN_H
#define EG_TEXT_IDN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/span.h"

struct eg_idn_label {
    size_t ascii_bytes;  /* length of its A-label */
    bool has_rtl;        /* has a character that is written from right to left */
    bool starts_numeric; /* its first character is a European digit */
};

#define EG_IDN_LABEL_MAX_BYTES 63u

/* A label with characters beyond ASCII, as a registry would take it. False: not valid. */
bool eg_idn_u_label(struct eg_span label, struct eg_idn_label *ret_label) EG_MUST_CHECK;

/* A label that starts with "xn--", in any case. False: it stands for no valid U-label. */
bool eg_idn_a_label(struct eg_span label, struct eg_idn_label *ret_label) EG_MUST_CHECK;

#endif
