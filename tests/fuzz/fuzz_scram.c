/*
 * fuzz_scram.c - any bytes as what a client says to log in
 *
 * A newline divides the messages.  Nobody gets in without the password.
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/auth.h"
#include "wire/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire_server server = { .config = { .user = "app", .auth = WIRE_AUTH_SCRAM } };
	static bool ready;
	struct buf reply = BUF_INIT(1 << 20);
	struct auth auth;
	const char *at = (const char *)data;
	const char *end = at + size;

	if (!ready)
		ready = auth_prepare(&server, "a password nobody guesses", NULL);
	if (!ready || size == 0 || size > AUTH_MESSAGE_MAX)
		return 0;
	enum auth_rc rc = auth_begin(&auth, &server, *at++ & 1 ? "app" : "other", &reply);
	while (rc == AUTH_CONTINUE && at <= end) {
		const char *newline = at == end ? NULL : memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		rc = auth_step(&auth, at, (size_t)(stop - at), &reply);
		at = stop + 1;
	}
	if (rc == AUTH_OK || (rc == AUTH_BAD && auth.why == NULL))
		abort();
	auth_deinit(&auth);
	buf_free(&reply);
	return 0;
}
