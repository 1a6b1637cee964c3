/*
 * fault_store.c - a store that wraps another one and misbehaves when told to
 * Licence: MIT, see LICENSE.
 */
#include "tests/lib/fault_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/store.h"

/* A create that FAULT_LATE put off. */
struct late {
	char *key; /* owned; NULL: none */
	struct buf body;
};

/*
 * inner never changes; lock guards what is below it.  No lock is held across
 * a call of inner or of the hook.
 */
struct fault_store {
	struct blob_store base;
	struct blob_store *inner;

	struct mutex lock;
	bool armed;
	bool hit;
	unsigned left; /* counted requests until the fault; 0: none to come */
	unsigned ops;
	enum fault_mode mode;
	unsigned latency_ms, delay_ms;
	size_t damage_at;
	void (*hook)(void *arg);
	void *hook_arg;
	struct late late;
	struct fault_counts counts;
};

static const struct blob_ops fault_ops;

static struct fault_store *fault_of(struct blob_store *store)
{
	assert(store->ops == &fault_ops);
	return CONTAINER_OF(store, struct fault_store, base);
}

static void sleep_ms(unsigned ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (ms > 0 && nanosleep(&ts, &ts) != 0)
		;
}

static void count_locked(struct fault_counts *c, enum fault_op op)
{
	c->all++;
	switch (op) {
	case FAULT_OP_GET:
		c->gets++;
		break;
	case FAULT_OP_CREATE:
		c->creates++;
		break;
	case FAULT_OP_HEAD:
		c->heads++;
		break;
	case FAULT_OP_LIST:
		c->lists++;
		break;
	case FAULT_OP_DELETE:
		c->deletes++;
		break;
	case FAULT_OP_ALL:
		abort(); /* one request is of one kind */
	}
}

/* What to do with one request, decided once at its start. */
struct verdict {
	bool faulty;
	enum fault_mode mode;
	unsigned wait_ms;
	void (*hook)(void *arg);
	void *hook_arg;
};

static struct verdict begin(struct fault_store *f, enum fault_op op)
{
	struct verdict v = { .faulty = false };

	mutex_lock(&f->lock);
	count_locked(&f->counts, op);
	v.wait_ms = f->latency_ms;
	if (f->armed && (f->ops & op) != 0) {
		if (f->left > 0 && --f->left == 0) {
			v.faulty = true;
			f->hit = true;
		} else if (f->left == 0 && f->hit && f->mode == FAULT_STICKY) {
			v.faulty = true;
		}
	}
	if (v.faulty) {
		v.mode = f->mode;
		if (v.mode == FAULT_DELAY)
			v.wait_ms += f->delay_ms;
		v.hook = f->hook;
		v.hook_arg = f->hook_arg;
	}
	mutex_unlock(&f->lock);
	sleep_ms(v.wait_ms);
	if (v.faulty && v.mode == FAULT_HOOK && v.hook != NULL)
		v.hook(v.hook_arg);
	return v;
}

/* Do the create that was put off, if there is one. */
static void do_late(struct fault_store *f)
{
	struct late late;

	mutex_lock(&f->lock);
	late = f->late;
	memset(&f->late, 0, sizeof(f->late));
	mutex_unlock(&f->lock);
	if (late.key != NULL) {
		/* nobody waits for it: whether it won is for the tests to find out */
		enum blob_rc rc = blob_create(f->inner, late.key, &late.body, NULL, NULL);
		(void)rc;
	}
	free(late.key);
	buf_free(&late.body);
}

static void put_off(struct fault_store *f, const char *key, const struct buf *body)
{
	struct late late = { .key = strdup(key), .body = BUF_INIT(body->len + 1) };

	buf_put(&late.body, body->data, body->len);
	if (late.key == NULL || late.body.failed)
		abort(); /* a test that cannot do what it says must not pass */
	do_late(f);
	mutex_lock(&f->lock);
	f->late = late;
	mutex_unlock(&f->lock);
}

/* Is the request to be sent to the inner store, and how often? */
static unsigned times_done(const struct verdict *v)
{
	if (!v->faulty)
		return 1;
	switch (v->mode) {
	case FAULT_ONCE:
	case FAULT_STICKY:
	case FAULT_BUSY:
	case FAULT_UNKNOWN:
	case FAULT_LATE:
		return 0;
	case FAULT_REPEAT:
		return 2;
	case FAULT_LOST_REPLY:
	case FAULT_DELAY:
	case FAULT_HOOK:
	case FAULT_HOOK_AFTER:
	case FAULT_DAMAGE:
	case FAULT_N_MODES:
		break;
	}
	return 1;
}

/* Is the inner store's answer told? */
static bool answer_is_kept(const struct verdict *v)
{
	return times_done(v) > 0 && !(v->faulty && v->mode == FAULT_LOST_REPLY);
}

/* The answer instead of the inner store's. */
static enum blob_rc false_answer(const struct verdict *v, enum fault_op op,
				 struct error *err)
{
	bool writes = op == FAULT_OP_CREATE || op == FAULT_OP_DELETE;

	error_set(err, "injected fault: %s", fault_mode_name(v->mode));
	switch (v->mode) {
	case FAULT_ONCE:
	case FAULT_STICKY:
		return BLOB_FAILED;
	case FAULT_BUSY:
		return BLOB_BUSY;
	case FAULT_LOST_REPLY:
	case FAULT_UNKNOWN:
	case FAULT_LATE:
		return writes ? BLOB_UNKNOWN : BLOB_BUSY;
	case FAULT_REPEAT:
	case FAULT_DELAY:
	case FAULT_HOOK:
	case FAULT_HOOK_AFTER:
	case FAULT_DAMAGE:
	case FAULT_N_MODES:
		break;
	}
	abort();
}

/* Ends every operation; a create that was put off comes true behind it. */
static enum blob_rc end(struct fault_store *f, const struct verdict *v, enum fault_op op,
			enum blob_rc rc, struct error *err)
{
	if (!(v->faulty && v->mode == FAULT_LATE && op == FAULT_OP_CREATE))
		do_late(f);
	if (v->faulty && v->mode == FAULT_HOOK_AFTER && v->hook != NULL)
		v->hook(v->hook_arg);
	return answer_is_kept(v) ? rc : false_answer(v, op, err);
}

static void fault_close(struct blob_store *store)
{
	struct fault_store *f = fault_of(store);

	do_late(f);
	mutex_deinit(&f->lock);
	free(f);
}

static enum blob_rc fault_get(struct blob_store *store, int64_t deadline_ms,
			      const char *key, const struct blob_range *range,
			      struct buf *out, struct blob_info *info, struct error *err)
{
	struct fault_store *f = fault_of(store);
	struct verdict v = begin(f, FAULT_OP_GET);
	enum blob_rc rc = BLOB_OK;
	size_t was = out->len;

	(void)deadline_ms; /* inner has its own */
	for (unsigned i = 0; i < times_done(&v); i++) {
		out->len = was;
		rc = blob_get(f->inner, key, range, out, info, err);
	}
	if (!answer_is_kept(&v))
		out->len = was;
	if (v.faulty && v.mode == FAULT_DAMAGE && out->len > was) {
		mutex_lock(&f->lock);
		size_t at = was + f->damage_at;
		mutex_unlock(&f->lock);
		out->data[at < out->len ? at : out->len - 1] ^= 0x40;
	}
	return end(f, &v, FAULT_OP_GET, rc, err);
}

static enum blob_rc fault_create(struct blob_store *store, int64_t deadline_ms,
				 const char *key, const struct buf *body,
				 struct etag *out, struct error *err)
{
	struct fault_store *f = fault_of(store);
	struct verdict v = begin(f, FAULT_OP_CREATE);
	struct etag unseen;
	enum blob_rc rc = BLOB_OK;

	(void)deadline_ms; /* inner has its own */
	for (unsigned i = 0; i < times_done(&v); i++)
		rc = blob_create(f->inner, key, body, i + 1 == times_done(&v) &&
				 answer_is_kept(&v) ? out : &unseen, err);
	if (v.faulty && v.mode == FAULT_LATE)
		put_off(f, key, body);
	return end(f, &v, FAULT_OP_CREATE, rc, err);
}

static enum blob_rc fault_head(struct blob_store *store, int64_t deadline_ms,
			       const char *key, struct blob_info *info, struct error *err)
{
	struct fault_store *f = fault_of(store);
	struct verdict v = begin(f, FAULT_OP_HEAD);
	enum blob_rc rc = BLOB_OK;

	(void)deadline_ms; /* inner has its own */
	for (unsigned i = 0; i < times_done(&v); i++)
		rc = blob_head(f->inner, key, info, err);
	return end(f, &v, FAULT_OP_HEAD, rc, err);
}

static enum blob_rc fault_list(struct blob_store *store, int64_t deadline_ms,
			       const struct blob_list_request *request,
			       struct arena *arena, struct blob_list *out,
			       struct error *err)
{
	struct fault_store *f = fault_of(store);
	struct verdict v = begin(f, FAULT_OP_LIST);
	enum blob_rc rc = BLOB_OK;

	(void)deadline_ms; /* inner has its own */
	for (unsigned i = 0; i < times_done(&v); i++)
		rc = blob_list(f->inner, request, arena, out, err);
	return end(f, &v, FAULT_OP_LIST, rc, err);
}

static enum blob_rc fault_delete_many(struct blob_store *store, int64_t deadline_ms,
				      const char *const *keys, size_t n, struct error *err)
{
	struct fault_store *f = fault_of(store);
	struct verdict v = begin(f, FAULT_OP_DELETE);
	enum blob_rc rc = BLOB_OK;

	(void)deadline_ms; /* inner has its own */
	for (unsigned i = 0; i < times_done(&v); i++)
		rc = blob_delete_many(f->inner, keys, n, err);
	return end(f, &v, FAULT_OP_DELETE, rc, err);
}

static enum blob_rc fault_probe(struct blob_store *store, int64_t deadline_ms,
				struct error *err)
{
	(void)deadline_ms;
	return blob_probe(fault_of(store)->inner, err);
}

static const struct blob_ops fault_ops = {
	.scheme = "fault",
	.close = fault_close,
	.get = fault_get,
	.create = fault_create,
	.head = fault_head,
	.list = fault_list,
	.delete_many = fault_delete_many,
	.probe = fault_probe,
};

struct blob_store *fault_open(struct blob_store *inner)
{
	struct fault_store *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->base.ops = &fault_ops;
	f->base.name = strdup(blob_name(inner));
	if (f->base.name == NULL) {
		free(f);
		return NULL;
	}
	f->base.timeout_ms = inner->timeout_ms;
	f->inner = inner;
	f->delay_ms = 100;
	mutex_init(&f->lock);
	return &f->base;
}

void fault_arm_only(struct blob_store *store, unsigned nth, enum fault_mode mode,
		    unsigned ops)
{
	struct fault_store *f = fault_of(store);

	assert(mode < FAULT_N_MODES && (ops & ~(unsigned)FAULT_OP_ALL) == 0);
	mutex_lock(&f->lock);
	f->armed = nth > 0;
	f->hit = false;
	f->left = nth;
	f->mode = mode;
	f->ops = ops;
	mutex_unlock(&f->lock);
}

void fault_arm(struct blob_store *store, unsigned nth, enum fault_mode mode)
{
	fault_arm_only(store, nth, mode, FAULT_OP_ALL);
}

bool fault_disarm(struct blob_store *store)
{
	struct fault_store *f = fault_of(store);

	mutex_lock(&f->lock);
	bool hit = f->hit;
	f->armed = f->hit = false;
	mutex_unlock(&f->lock);
	do_late(f);
	return hit;
}

void fault_set_latency(struct blob_store *store, unsigned ms)
{
	struct fault_store *f = fault_of(store);

	mutex_lock(&f->lock);
	f->latency_ms = ms;
	mutex_unlock(&f->lock);
}

void fault_set_delay(struct blob_store *store, unsigned ms)
{
	struct fault_store *f = fault_of(store);

	mutex_lock(&f->lock);
	f->delay_ms = ms;
	mutex_unlock(&f->lock);
}

void fault_set_damage(struct blob_store *store, size_t at)
{
	struct fault_store *f = fault_of(store);

	mutex_lock(&f->lock);
	f->damage_at = at;
	mutex_unlock(&f->lock);
}

void fault_set_hook(struct blob_store *store, void (*hook)(void *arg), void *arg)
{
	struct fault_store *f = fault_of(store);

	mutex_lock(&f->lock);
	f->hook = hook;
	f->hook_arg = arg;
	mutex_unlock(&f->lock);
}

struct fault_counts fault_get_counts(struct blob_store *store)
{
	struct fault_store *f = fault_of(store);

	mutex_lock(&f->lock);
	struct fault_counts counts = f->counts;
	mutex_unlock(&f->lock);
	return counts;
}

const char *fault_mode_name(enum fault_mode mode)
{
	switch (mode) {
	case FAULT_ONCE:
		return "once";
	case FAULT_STICKY:
		return "sticky";
	case FAULT_LOST_REPLY:
		return "lost reply";
	case FAULT_BUSY:
		return "busy";
	case FAULT_UNKNOWN:
		return "unknown";
	case FAULT_LATE:
		return "late";
	case FAULT_REPEAT:
		return "repeat";
	case FAULT_DELAY:
		return "delay";
	case FAULT_HOOK:
		return "hook";
	case FAULT_HOOK_AFTER:
		return "hook after";
	case FAULT_DAMAGE:
		return "damage";
	case FAULT_N_MODES:
		break;
	}
	return "?";
}
