/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as they may be shown to people and written to logs. No parsing beyond that. Any thread. */
#include <string.h>

#include "base/span.h"
#include "net/client.h"

void eg_net_url_printable(const char *url, struct eg_buffer *out)
{
    const char *start = strstr(url, "://");
    start = start ? start + 3 : url;
    size_t authority_len = strcspn(start, "/?#");
    const char *at = memrchr(start, '@', authority_len);
    const char *host = at ? at + 1 : start;
    eg_buffer_append(out, url, (size_t)(start - url));
    eg_buffer_append(out, host, strcspn(host, "?#"));
}
