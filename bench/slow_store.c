/*
 * slow_store.c - a store with the latency and bandwidth of one that is far
 * Licence: MIT, see LICENSE.
 */
#include "bench/slow_store.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"

static struct slow_store *slow_of(struct blob_store *store)
{
	return CONTAINER_OF(store, struct slow_store, base);
}

static void sleep_until(int64_t us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
		;
}

/* When the answer is due, if it is short. */
static int64_t begin(struct slow_store *s)
{
	atomic_fetch_add(&s->requests, 1);
	return mono_us() + s->latency_us;
}

static void end(const struct slow_store *s, int64_t due_us)
{
	if (s->latency_us != 0)
		sleep_until(due_us);
}

static enum blob_rc slow_get(struct blob_store *store, int64_t deadline_ms, const char *key,
			     const struct blob_range *range, struct buf *out,
			     struct blob_info *info, struct error *err)
{
	struct slow_store *s = slow_of(store);
	uint64_t none = UINT64_MAX;
	size_t before = out->len;
	enum blob_rc rc;

	(void)deadline_ms;
	if (strstr(key, "/seg/") != NULL)
		atomic_compare_exchange_strong(&s->before_segment, &none, atomic_load(&s->requests));
	int64_t due_us = begin(s);
	blob_count(&s->base.stats.gets);
	rc = blob_get(s->inner, key, range, out, info, err);
	if (s->latency_us == 0)
		return rc;
	mutex_lock(&s->lock);
	if (due_us > s->free_us)
		s->free_us = due_us;
	s->free_us += (int64_t)((double)(out->len - before) / s->bytes_per_us);
	due_us = s->free_us;
	mutex_unlock(&s->lock);
	end(s, due_us);
	return rc;
}

static enum blob_rc slow_create(struct blob_store *store, int64_t deadline_ms, const char *key,
				const struct buf *body, struct etag *out, struct error *err)
{
	struct slow_store *s = slow_of(store);
	int64_t due_us = begin(s);

	(void)deadline_ms;
	blob_count(&s->base.stats.creates);
	enum blob_rc rc = blob_create(s->inner, key, body, out, err);
	end(s, due_us);
	return rc;
}

static enum blob_rc slow_head(struct blob_store *store, int64_t deadline_ms, const char *key,
			      struct blob_info *info, struct error *err)
{
	struct slow_store *s = slow_of(store);
	int64_t due_us = begin(s);

	(void)deadline_ms;
	enum blob_rc rc = blob_head(s->inner, key, info, err);
	end(s, due_us);
	return rc;
}

static enum blob_rc slow_list(struct blob_store *store, int64_t deadline_ms,
			      const struct blob_list_request *request, struct arena *arena,
			      struct blob_list *out, struct error *err)
{
	struct slow_store *s = slow_of(store);
	int64_t due_us = begin(s);

	(void)deadline_ms;
	enum blob_rc rc = blob_list(s->inner, request, arena, out, err);
	end(s, due_us);
	return rc;
}

static enum blob_rc slow_delete(struct blob_store *store, int64_t deadline_ms,
				const char *const *keys, size_t n, struct error *err)
{
	struct slow_store *s = slow_of(store);
	int64_t due_us = begin(s);

	(void)deadline_ms;
	enum blob_rc rc = blob_delete_many(s->inner, keys, n, err);
	end(s, due_us);
	return rc;
}

static void slow_close(struct blob_store *store)
{
	(void)store;
}

static const struct blob_ops slow_ops = {
	.scheme = "slow",
	.close = slow_close,
	.get = slow_get,
	.create = slow_create,
	.head = slow_head,
	.list = slow_list,
	.delete_many = slow_delete,
};

void slow_store_init(struct slow_store *s, struct blob_store *inner)
{
	static char name[] = "slow:";

	memset(s, 0, sizeof(*s));
	s->base.ops = &slow_ops;
	s->base.name = name;
	s->base.timeout_ms = 30000;
	s->inner = inner;
	mutex_init(&s->lock);
	slow_store_count(s);
}

void slow_store_count(struct slow_store *s)
{
	atomic_store(&s->requests, 0);
	atomic_store(&s->before_segment, UINT64_MAX);
}
