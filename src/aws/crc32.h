/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 (ISO 3309), by which DynamoDB lets a broken answer be seen. Any thread. */
#ifndef EG_AWS_CRC32_H
#define EG_AWS_CRC32_H

#include <stdint.h>

#include "eventgate/span.h"

uint32_t eg_aws_crc32(struct eg_span bytes);

#endif
