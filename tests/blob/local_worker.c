/*
 * local_worker.c - what power_loss.py lets a power cut hit
 *
 *	local-worker create FOLDER THREADS   create objects until killed; a line for each that is acknowledged
 *	local-worker follow FOLDER THREADS   read them as they appear; a line for each that was read
 *	local-worker check FOLDER            list and read all; a line for each; status 1 if one is not whole
 *
 * Object n has a length and bytes that follow from n.
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/blob.h"

enum { THREADS_MAX = 16, BODY_MAX = 40000, OBJECTS_MAX = 4000 /* the disk is small */ };

static struct blob_store *store;
static unsigned n_threads;

static void key_of(unsigned n, char out[64])
{
	/* a new folder now and then: it must be as durable as what is in it */
	snprintf(out, 64, "db/%u/log/%08u", n / 20, n);
}

static void bytes_of(unsigned n, struct buf *out)
{
	uint32_t x = n * 2654435761u + 1;
	size_t len = (x >> 8) % 4 == 0 ? (x >> 10) % BODY_MAX : (x >> 10) % 6000;

	buf_reset(out);
	for (size_t i = 0; i < len; i++) {
		x = x * 1103515245u + 12345;
		buf_put_byte(out, (char)(x >> 16));
	}
}

static void tell(unsigned n)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "%u\n", n);

	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(1);
}

static void fail(const char *what, const struct error *err)
{
	fprintf(stderr, "local-worker: %s: %s\n", what, err->text);
	_exit(1);
}

static void *create_all(void *arg)
{
	struct buf body = BUF_INIT(BODY_MAX);
	struct error err = ERROR_INIT;
	char key[64];

	for (unsigned n = (unsigned)(uintptr_t)arg; n < OBJECTS_MAX; n += n_threads) {
		key_of(n, key);
		bytes_of(n, &body);
		if (blob_create(store, key, &body, NULL, &err) != BLOB_OK)
			fail("create", &err);
		tell(n);
	}
	return NULL;
}

static void *follow_all(void *arg)
{
	struct buf body = BUF_INIT(BODY_MAX);
	struct buf want = BUF_INIT(BODY_MAX);
	struct error err = ERROR_INIT;
	char key[64];

	for (unsigned n = (unsigned)(uintptr_t)arg;; n += n_threads) {
		enum blob_rc rc;

		key_of(n, key);
		buf_reset(&body);
		while ((rc = blob_get(store, key, NULL, &body, NULL, &err)) == BLOB_NOT_FOUND)
			usleep(20);
		if (rc != BLOB_OK)
			fail("read", &err);
		bytes_of(n, &want);
		if (want.len != body.len || (want.len > 0 && memcmp(want.data, body.data, want.len) != 0))
			fail(key, &(struct error){ .text = "was read before it was whole" });
		tell(n);
	}
	return NULL;
}

static int check_all(void)
{
	struct buf body = BUF_INIT(BODY_MAX);
	struct buf want = BUF_INIT(BODY_MAX);
	struct error err = ERROR_INIT;
	char after[64] = "";
	char key[64];
	int bad = 0;
	bool more = true;

	while (more) {
		struct arena arena = ARENA_INIT(4 << 20);
		struct blob_list_request request = { .start_after = after };
		struct blob_list list;

		if (blob_list(store, &request, &arena, &list, &err) != BLOB_OK)
			fail("list", &err);
		for (size_t i = 0; i < list.n_entries; i++) {
			const char *found = list.entries[i].key;
			const char *slash = strrchr(found, '/');
			unsigned n = slash != NULL ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;

			key_of(n, key);
			bytes_of(n, &want);
			buf_reset(&body);
			if (strcmp(key, found) != 0 ||
			    blob_get(store, found, NULL, &body, NULL, &err) != BLOB_OK ||
			    want.len != body.len ||
			    (want.len > 0 && memcmp(want.data, body.data, want.len) != 0)) {
				fprintf(stderr, "local-worker: \"%s\" is not whole: %zu of %zu bytes\n",
					found, body.len, want.len);
				bad = 1;
			}
			tell(n);
			snprintf(after, sizeof(after), "%s", found);
		}
		more = list.more;
		arena_free(&arena);
	}
	buf_free(&body);
	buf_free(&want);
	return bad;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	pthread_t threads[THREADS_MAX];
	char url[1024];
	int status = 0;

	if (argc < 3)
		return 2;
	snprintf(url, sizeof(url), "file:%s", argv[2]);
	if (blob_open(url, NULL, &store, &err) != BLOB_OK)
		fail("open", &err);
	if (strcmp(argv[1], "check") == 0) {
		status = check_all();
	} else {
		n_threads = argc > 3 ? (unsigned)atoi(argv[3]) : 1;
		if (n_threads == 0 || n_threads > THREADS_MAX)
			return 2;
		for (unsigned i = 0; i < n_threads; i++)
			if (!thread_start(&threads[i], "worker", 0,
					  argv[1][0] == 'c' ? create_all : follow_all,
					  (void *)(uintptr_t)i, &err))
				fail("thread", &err);
		for (unsigned i = 0; i < n_threads; i++)
			pthread_join(threads[i], NULL);
		for (;;)
			pause(); /* until killed */
	}
	blob_close(store);
	return status;
}
