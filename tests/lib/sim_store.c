/*
 * sim_store.c - an object store that exists in a simulated world (sim.h), and its network
 * Licence: MIT, see LICENSE.
 */
#include "tests/lib/sim_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "blob/blob.h"
#include "blob/http.h"
#include "blob/key.h"
#include "blob/timestamp.h"
#include "tests/lib/sim.h"

enum {
	OBJECTS_MAX = 40000,
	BODY_MAX = 300 << 20,
	TRY_MS = 10000,        /* what the client is told a try may take */
	RACE_US = 30000,       /* two requests so close to each other are in the same instant */
	URL_PARTS = 2048,
	REFUSED_AT_ONCE = 30,
};

/* The store's clock differs from everybody's. */
#define STORE_EPOCH_US ((int64_t)1800000000 * 1000000 - 77000000)

/* How a protocol says it. */
struct dialect {
	const char *range_header, *max_param, *after_param;
	int created, deleted;
	int taken;             /* status of a create that comes late */
	const char *taken_code, *race_code, *missing, *busy, *failed;
};

static const struct dialect s3_dialect = {
	.range_header = "range",
	.max_param = "max-keys",
	.after_param = "start-after",
	.created = 200,
	.deleted = 204,
	.taken = 412,
	.taken_code = "PreconditionFailed",
	.race_code = "ConditionalRequestConflict",
	.missing = "NoSuchKey",
	.busy = "SlowDown",
	.failed = "InternalError",
};

static const struct dialect azure_dialect = {
	.range_header = "x-ms-range",
	.max_param = "maxresults",
	.after_param = "marker",
	.created = 201,
	.deleted = 202,
	.taken = 409,
	.taken_code = "BlobAlreadyExists",
	.race_code = "OperationTimedOut",
	.missing = "BlobNotFound",
	.busy = "ServerBusy",
	.failed = "InternalError",
};

struct sim_link {
	struct sim_link *next;
	const struct dialect *dialect;
	unsigned machine, life;
	bool dead;
	unsigned kill_in;      /* requests; 0: not */
	unsigned kill_step;
	int64_t cut_until_us;
	uint64_t n_requests;
	unsigned n_refused;
	void (*died)(void *arg);
	void *died_arg;
	char host[64];
};

/* A write on its way: it arrives whether or not somebody waits for the answer. */
struct message {
	struct message *next;
	struct sim_link *link;
	int64_t arrives_us;
	uint64_t number;
	enum http_method method;
	char *key;             /* NULL: of a POST, keys are in the body */
	struct buf body;
	bool if_absent;
	bool withheld;         /* it did not come out of a machine that crashed */
	bool arrived;
	bool abandoned;        /* nobody waits: the one who lets it arrive frees it */
	int status;
	const char *code;
};

static struct {
	struct sim_object *objects[OBJECTS_MAX]; /* sorted */
	size_t n_objects;
	struct message *messages; /* sorted by arrival */
	uint64_t n_messages;
	struct sim_link *links;
	struct sim_faults faults;
} store;

/* --- objects --------------------------------------------------------------- */

static size_t place_of(const char *key)
{
	size_t low = 0, high = store.n_objects;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(store.objects[mid]->key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct sim_object *find(const char *key)
{
	size_t i = place_of(key);

	return i < store.n_objects && strcmp(store.objects[i]->key, key) == 0 ? store.objects[i] : NULL;
}

static struct sim_object *find_there(const char *key)
{
	struct sim_object *o = find(key);

	return o != NULL && !o->deleted ? o : NULL;
}

const struct sim_object *sim_store_at(size_t i)
{
	return i < store.n_objects ? store.objects[i] : NULL;
}

const struct sim_object *sim_store_find(const char *key)
{
	return find(key);
}

void sim_store_remove(const char *key)
{
	struct sim_object *o = find_there(key);

	if (o != NULL)
		o->deleted = true;
}

static void put(const char *key, const struct buf *body, unsigned machine)
{
	size_t i = place_of(key);
	struct sim_object *o = calloc(1, sizeof(*o));

	if (o == NULL || store.n_objects == OBJECTS_MAX || (o->key = strdup(key)) == NULL)
		sim_fail("too many objects");
	buf_init(&o->body, BODY_MAX);
	buf_put(&o->body, body->data, body->len);
	o->created_us = sim_now_us();
	o->machine = machine;
	if (i < store.n_objects && strcmp(store.objects[i]->key, key) == 0) {
		if (!store.objects[i]->deleted)
			sim_fail("object \"%s\" is overwritten", key);
		o->before = store.objects[i];
		store.objects[i] = o;
		return;
	}
	memmove(&store.objects[i + 1], &store.objects[i], (store.n_objects - i) * sizeof(o));
	store.objects[i] = o;
	store.n_objects++;
}

static void message_free(struct message *m)
{
	free(m->key);
	buf_free(&m->body);
	free(m);
}

void sim_store_free(void)
{
	for (size_t i = 0; i < store.n_objects; i++)
		for (struct sim_object *o = store.objects[i], *before; o != NULL; o = before) {
			before = o->before;
			free(o->key);
			buf_free(&o->body);
			free(o);
		}
	for (struct message *m = store.messages, *next; m != NULL; m = next) {
		next = m->next;
		message_free(m);
	}
	for (struct sim_link *l = store.links, *next; l != NULL; l = next) {
		next = l->next;
		free(l);
	}
	store.n_objects = 0;
	store.messages = NULL;
	store.links = NULL;
}

/* --- links ----------------------------------------------------------------- */

void sim_store_set_faults(const struct sim_faults *faults)
{
	store.faults = *faults;
}

struct sim_link *sim_link_open(unsigned machine, bool azure)
{
	struct sim_link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	l->machine = machine;
	l->dialect = azure ? &azure_dialect : &s3_dialect;
	for (const struct sim_link *o = store.links; o != NULL; o = o->next)
		l->life += o->machine == machine;
	snprintf(l->host, sizeof(l->host), "m%u-%u.sim", machine, l->life);
	l->next = store.links;
	store.links = l;
	return l;
}

struct blob_store *sim_link_store(struct sim_link *link, int64_t deadline_ms)
{
	char endpoint[80];
	struct error err = ERROR_INIT;
	struct blob_store *out;

	snprintf(endpoint, sizeof(endpoint), "http://%s", link->host);
	struct blob_options options = {
		.s3_endpoint = endpoint,
		.s3_region = "sim",
		.s3_addressing = "path",
		.s3_access_key_id = "key",
		.s3_secret_access_key = "secret",
		.azure_endpoint = endpoint,
		.azure_key = "c2VjcmV0",
		.request_timeout_ms = TRY_MS,
		.deadline_ms = deadline_ms,
	};
	const char *url = link->dialect == &s3_dialect ? "s3://bucket/p" : "azure://account/bucket/p";
	if (blob_open(url, &options, &out, &err) != BLOB_OK)
		sim_fail("could not open a store: %s", err.text);
	return out;
}

void sim_link_kill(struct sim_link *link)
{
	if (link->dead)
		return;
	link->dead = true;
	sim_trace("machine %u crashes in life %u", link->machine, link->life);
	if (link->died != NULL)
		link->died(link->died_arg);
	/* what is still within it does not come out */
	for (struct message *m = store.messages; m != NULL; m = m->next)
		if (m->link == link && sim_chance(300)) {
			sim_trace("with a request for %s", m->key != NULL ? m->key : "?");
			m->withheld = true;
		}
}

void sim_link_kill_at(struct sim_link *link, unsigned nth)
{
	link->kill_in = nth;
	link->kill_step = (unsigned)sim_random(3);
}

void sim_link_on_death(struct sim_link *link, void (*died)(void *arg), void *arg)
{
	link->died = died;
	link->died_arg = arg;
}

bool sim_link_dead(const struct sim_link *link)
{
	return link->dead;
}

void sim_link_cut(struct sim_link *link, int64_t us)
{
	link->cut_until_us = sim_now_us() + us;
	sim_trace("machine %u is cut off for %.3f s", link->machine, (double)us / 1e6);
}

uint64_t sim_link_requests(const struct sim_link *link)
{
	return link->n_requests;
}

static struct sim_link *link_of(const char *url)
{
	for (struct sim_link *l = store.links; l != NULL; l = l->next)
		if (strncmp(url, "http://", 7) == 0 && strncmp(url + 7, l->host, strlen(l->host)) == 0 &&
		    url[7 + strlen(l->host)] == '/')
			return l;
	sim_fail("a request goes to %s", url);
}

/* Is this the moment for which sim_link_kill_at() asked? */
static void maybe_kill(struct sim_link *l, unsigned step)
{
	if (l->kill_in == 1 && l->kill_step == step)
		sim_link_kill(l);
}

/* --- what arrives ---------------------------------------------------------- */

static void create(struct message *m)
{
	const struct dialect *d = m->link->dialect;
	struct sim_object *o = find_there(m->key);

	if (!m->if_absent)
		sim_fail("object \"%s\" is put without a condition", m->key);
	if (o == NULL) {
		put(m->key, &m->body, m->link->machine);
		m->status = d->created;
		sim_trace("stored %s, %zu bytes, for machine %u", m->key, m->body.len, m->link->machine);
		return;
	}
	bool race = sim_now_us() - o->created_us < RACE_US;
	m->status = d->taken;
	m->code = d->taken_code;
	if (race && sim_chance(200)) {
		m->status = 409;
		m->code = d->race_code;
	} else if (race && sim_chance(100)) {
		m->status = 500;
		m->code = d->failed;
	}
	sim_trace("refused %s with %d for machine %u", m->key, m->status, m->link->machine);
}

static void delete_listed(struct message *m)
{
	static const char open_tag[] = "<Key>", close_tag[] = "</Key>";
	const char *at = buf_str(&m->body);

	while ((at = strstr(at, open_tag)) != NULL) {
		char key[1024];
		const char *end = strstr(at, close_tag);

		at += strlen(open_tag);
		if (end == NULL || (size_t)(end - at) >= sizeof(key))
			sim_fail("a request to delete is not understood");
		memcpy(key, at, (size_t)(end - at));
		key[end - at] = '\0';
		sim_store_remove(key);
		sim_trace("deleted %s for machine %u", key, m->link->machine);
	}
	m->status = 200;
}

static void arrive(struct message *m)
{
	m->arrived = true;
	m->code = "";
	if (m->withheld) {
		m->status = 0;
	} else if (m->method == HTTP_PUT) {
		create(m);
	} else if (m->method == HTTP_DELETE) {
		bool there = find_there(m->key) != NULL;

		sim_store_remove(m->key);
		sim_trace("deleted %s for machine %u", m->key, m->link->machine);
		m->status = there ? m->link->dialect->deleted : 404;
		m->code = m->link->dialect->missing;
	} else if (m->method == HTTP_POST) {
		delete_listed(m);
	}
}

/* Whatever is due by now has arrived, in order.  Nobody sees the store but through requests. */
static void let_arrive(void)
{
	while (store.messages != NULL && store.messages->arrives_us <= sim_now_us()) {
		struct message *m = store.messages;

		store.messages = m->next;
		arrive(m);
		if (m->abandoned)
			message_free(m);
	}
}

static struct message *send_message(struct sim_link *l, const struct http_request *req,
				    const char *key, bool if_absent, int64_t arrives_us)
{
	struct message *m = calloc(1, sizeof(*m));
	struct message **at = &store.messages;

	if (m == NULL)
		abort();
	m->link = l;
	m->arrives_us = arrives_us;
	m->number = ++store.n_messages;
	m->method = req->method;
	m->key = strdup(key);
	m->if_absent = if_absent;
	buf_init(&m->body, BODY_MAX);
	buf_put(&m->body, req->body, req->body_len);
	while (*at != NULL && (*at)->arrives_us <= arrives_us)
		at = &(*at)->next;
	m->next = *at;
	*at = m;
	return m;
}

static void abandon(struct message *m)
{
	if (m == NULL)
		return;
	if (m->arrived)
		message_free(m);
	else
		m->abandoned = true;
}

/* --- answers --------------------------------------------------------------- */

static void add_header(struct http_response *resp, const char *name, const char *value)
{
	buf_put(&resp->headers, name, strlen(name) + 1);
	buf_put(&resp->headers, value, strlen(value) + 1);
}

static void answer_error(struct http_response *resp, int status, const char *code)
{
	resp->status = status;
	add_header(resp, "x-ms-error-code", code);
	buf_printf(&resp->error_body, "<?xml version=\"1.0\"?><Error><Code>%s</Code></Error>", code);
	resp->content_length = (int64_t)resp->error_body.len;
}

static void answer_bytes(struct http_response *resp, const void *bytes, size_t len)
{
	resp->content_length = (int64_t)len;
	if (resp->body == NULL)
		return;
	buf_put(resp->body, bytes, len);
	if (!resp->body->failed)
		resp->body_len = len;
}

static void add_object_headers(struct http_response *resp, const struct sim_object *o)
{
	char date[30];

	timestamp_to_http(STORE_EPOCH_US + o->created_us, date);
	add_header(resp, "last-modified", date);
	add_header(resp, "etag", "\"sim\"");
}

static const char *request_header(const struct http_request *req, const char *name)
{
	for (size_t i = 0; i < req->n_headers; i++)
		if (strcasecmp(req->headers[i].name, name) == 0)
			return req->headers[i].value;
	return NULL;
}

static void answer_get(const struct dialect *d, const struct http_request *req, const char *key,
		       struct http_response *resp)
{
	const struct sim_object *o = find_there(key);
	const char *range = request_header(req, d->range_header);
	uint64_t first = 0, last = 0;
	char text[80];

	if (o == NULL) {
		answer_error(resp, 404, d->missing);
		return;
	}
	add_object_headers(resp, o);
	resp->status = 200;
	if (req->method == HTTP_HEAD) {
		resp->content_length = (int64_t)o->body.len;
		return;
	}
	if (range == NULL) {
		answer_bytes(resp, o->body.data, o->body.len);
		return;
	}
	if (sscanf(range, "bytes=%" SCNu64 "-%" SCNu64, &first, &last) != 2)
		sim_fail("range \"%s\" is not understood", range);
	if (first >= o->body.len) {
		snprintf(text, sizeof(text), "bytes */%zu", o->body.len);
		add_header(resp, "content-range", text);
		answer_error(resp, 416, "InvalidRange");
		return;
	}
	if (last >= o->body.len)
		last = o->body.len - 1;
	snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%zu", first, last, o->body.len);
	add_header(resp, "content-range", text);
	resp->status = 206;
	answer_bytes(resp, o->body.data + first, last - first + 1);
}

/* The value of a parameter of the query, decoded; "" if it is not there. */
static void parameter(const char *query, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	struct buf plain = BUF_INIT(URL_PARTS);

	out[0] = '\0';
	for (const char *at = query; *at != '\0'; at += strcspn(at, "&"), at += *at == '&') {
		if (strncmp(at, name, len) != 0 || at[len] != '=')
			continue;
		if (!uri_decode(&plain, at + len + 1, strcspn(at + len + 1, "&")) ||
		    plain.len >= size)
			sim_fail("a query is not understood: %s", query);
		snprintf(out, size, "%s", buf_str(&plain));
		break;
	}
	buf_free(&plain);
}

static void put_entry(const struct dialect *d, struct buf *out, const struct sim_object *o)
{
	int64_t us = STORE_EPOCH_US + o->created_us;
	time_t t = (time_t)(us / 1000000);
	struct tm tm;
	char date[40];

	if (d == &azure_dialect) {
		timestamp_to_http(us, date);
		buf_printf(out, "<Blob><Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>sim</Etag>"
				"<Content-Length>%zu</Content-Length></Properties></Blob>",
			   o->key, date, o->body.len);
		return;
	}
	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	buf_printf(out, "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>\"sim\"</ETag><Size>%zu</Size></Contents>",
		   o->key, date, o->body.len);
}

/* Names here need no escaping, in no protocol: letters, digits, '/' and '-'. */
static void answer_list(const struct dialect *d, const char *query, struct http_response *resp)
{
	bool azure = d == &azure_dialect;
	struct buf body = BUF_INIT(8 << 20);
	char prefix[URL_PARTS], after[URL_PARTS], max[16], delimiter[8], last[URL_PARTS] = "";
	char from[URL_PARTS];
	bool truncated = false;
	unsigned n = 0;

	parameter(query, "prefix", prefix, sizeof(prefix));
	parameter(query, d->after_param, after, sizeof(after));
	parameter(query, "startFrom", from, sizeof(from));
	parameter(query, d->max_param, max, sizeof(max));
	parameter(query, "delimiter", delimiter, sizeof(delimiter));
	unsigned wanted = max[0] != '\0' ? (unsigned)atoi(max) : 1000;
	buf_printf(&body, "<?xml version=\"1.0\"?>%s", azure ? "<EnumerationResults><Blobs>" : "<ListBucketResult>");
	snprintf(last, sizeof(last), "%s", after);
	for (size_t i = place_of(prefix); i < store.n_objects; i++) {
		const struct sim_object *o = store.objects[i];
		const char *slash = NULL;
		size_t len;

		if (strncmp(o->key, prefix, strlen(prefix)) != 0)
			break;
		if (o->deleted || strcmp(o->key, after) <= 0 || strcmp(o->key, from) < 0)
			continue;
		if (delimiter[0] != '\0')
			slash = strstr(o->key + strlen(prefix), delimiter);
		len = slash != NULL ? (size_t)(slash - o->key) + 1 : strlen(o->key);
		if (slash != NULL && strncmp(o->key, last, len) == 0 && last[len] == '\0')
			continue; /* told as that folder */
		if (n == wanted) {
			truncated = true;
			break;
		}
		n++;
		snprintf(last, sizeof(last), "%.*s", (int)len, o->key);
		if (slash == NULL)
			put_entry(d, &body, o);
		else
			buf_printf(&body, azure ? "<BlobPrefix><Name>%s</Name></BlobPrefix>" :
						  "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", last);
	}
	if (azure)
		buf_printf(&body, "</Blobs><NextMarker>%s</NextMarker></EnumerationResults>",
			   truncated ? last : "");
	else
		buf_printf(&body, "<IsTruncated>%s</IsTruncated></ListBucketResult>",
			   truncated ? "true" : "false");
	resp->status = 200;
	answer_bytes(resp, body.data, body.len);
	buf_free(&body);
}

static void answer(const struct dialect *d, const struct http_request *req, const char *key,
		   const char *query, const struct message *m, struct http_response *resp)
{
	static const char deleted[] = "<?xml version=\"1.0\"?><DeleteResult></DeleteResult>";

	if (m == NULL && key[0] == '\0') {
		answer_list(d, query, resp);
	} else if (m == NULL) {
		answer_get(d, req, key, resp);
	} else if (m->status >= 300) {
		answer_error(resp, m->status, m->code);
	} else {
		resp->status = m->status;
		add_header(resp, "etag", "\"sim\"");
		if (req->method == HTTP_POST)
			answer_bytes(resp, deleted, strlen(deleted));
	}
}

/* --- the network ----------------------------------------------------------- */

/* Key and query of "http://HOST/bucket/KEY?QUERY". */
static void parse_url(const char *url, char key[URL_PARTS], const char **query)
{
	static const char bucket[] = "/bucket/";
	const char *path = strchr(url + 7, '/');
	struct buf plain = BUF_INIT(URL_PARTS);

	if (path == NULL || strncmp(path, bucket, strlen(bucket)) != 0) {
		/* "/bucket?list-type=2" and "/bucket/?..." are both in use */
		if (path == NULL || strncmp(path, "/bucket?", 8) != 0)
			sim_fail("a request goes to %s", url);
		key[0] = '\0';
		*query = path + 8;
		return;
	}
	path += strlen(bucket);
	if (!uri_decode(&plain, path, strcspn(path, "?")) || plain.len >= URL_PARTS - 1)
		sim_fail("a request goes to %s", url);
	snprintf(key, URL_PARTS, "%s", buf_str(&plain));
	buf_free(&plain);
	*query = strchr(path, '?');
	*query = *query != NULL ? *query + 1 : "";
}

/* What goes on asking for ever in a life that is over asks more and more seldom. */
static enum http_rc refused(struct sim_link *l, struct error *err)
{
	if (++l->n_refused > REFUSED_AT_ONCE) {
		unsigned n = l->n_refused - REFUSED_AT_ONCE;

		sim_sleep_us((int64_t)1000 << (n < 24 ? n : 24));
	}
	error_set(err, "machine %u is not there any more", l->machine);
	return HTTP_REFUSED;
}

static enum http_rc maybe_sent(struct http_response *resp, bool timed_out, struct error *err)
{
	if (resp->body != NULL) {
		resp->body->len -= resp->body_len;
		resp->body->failed = false;
	}
	resp->body_len = 0;
	resp->status = 0;
	resp->timed_out = timed_out;
	error_set(err, timed_out ? "the store did not answer in time" : "the connection ended");
	return HTTP_MAYBE_SENT;
}

/* How the network treats one request. */
struct fate {
	int64_t there_us, back_us; /* how long each way takes */
	bool lost_request, lost_answer;
	int status;                /* what the store says instead of doing it, or 0 */
	const char *code;
};

static struct fate draw_fate(const struct sim_link *l, bool writes, bool if_absent)
{
	const struct sim_faults *f = &store.faults;
	struct fate out = {
		.there_us = sim_skewed(50, f->latency_us + 100),
		.back_us = sim_skewed(50, f->latency_us + 100),
		.lost_request = l->cut_until_us > sim_now_us() || sim_chance(f->lost_request),
		.lost_answer = sim_chance(f->lost_answer),
	};

	if (sim_chance(f->late))
		out.there_us += sim_skewed(100000, 3 * (int64_t)TRY_MS * 1000);
	if (sim_chance(f->slow_down)) {
		out.status = 503;
		out.code = l->dialect->busy;
	} else if (sim_chance(f->error_before)) {
		out.status = 500;
		out.code = l->dialect->failed;
	} else if (writes && if_absent && sim_chance(f->conflict)) {
		out.status = 409;
		out.code = l->dialect->race_code;
	}
	return out;
}

static void damage(struct http_response *resp)
{
	if (resp->body != NULL && resp->body_len > 0)
		resp->body->data[resp->body->len - 1 - sim_random(resp->body_len)] ^=
			(char)(1 + sim_random(255));
}

enum http_rc __wrap_http_perform(struct http_client *client, const struct http_request *req,
				 struct http_response *resp, struct error *err);

enum http_rc __wrap_http_perform(struct http_client *client, const struct http_request *req,
				 struct http_response *resp, struct error *err)
{
	bool writes = req->method != HTTP_GET && req->method != HTTP_HEAD;
	bool if_absent = request_header(req, "if-none-match") != NULL;
	struct sim_link *l = link_of(req->url);
	struct message *m = NULL;
	char key[URL_PARTS];
	const char *query;

	(void)client;
	parse_url(req->url, key, &query);
	/* a thread of the process may work for one machine after another */
	sim_set_machine(l->machine);
	if (l->dead)
		return refused(l, err);
	/* the machine can fall asleep before the first byte is sent */
	sim_sleep_us(20);
	if (l->dead)
		return refused(l, err);
	l->n_requests++;
	if (l->kill_in > 1)
		l->kill_in--;
	maybe_kill(l, 0);
	if (l->dead)
		return refused(l, err);
	if (sim_chance(store.faults.not_sent)) {
		error_set(err, "could not connect");
		return HTTP_NOT_SENT;
	}
	struct fate fate = draw_fate(l, writes, if_absent);
	int64_t left_ms = ms_until(req->deadline_ms);
	int64_t begun_us = sim_now_us();
	int64_t try_us = (left_ms < TRY_MS ? left_ms : TRY_MS) * 1000;
	int64_t at_store_us = begun_us + fate.there_us;
	int64_t end_us = fate.lost_request || fate.lost_answer ? begun_us + try_us :
								 at_store_us + fate.back_us;
	bool timed_out = end_us >= begun_us + try_us;

	if (timed_out)
		end_us = begun_us + try_us;
	sim_trace("%s %s%s%s", http_method_name(req->method), key, key[0] == '\0' ? "?" : "",
		  key[0] == '\0' ? query : "");
	if (writes && !fate.lost_request && fate.status == 0) {
		m = send_message(l, req, key, if_absent, at_store_us);
		if (sim_chance(store.faults.repeated))
			abandon(send_message(l, req, key, if_absent,
					     at_store_us + sim_skewed(1000, 60000000)));
	}
	if (at_store_us < end_us) {
		sim_sleep_us(at_store_us - sim_now_us());
		let_arrive();
		maybe_kill(l, 1);
		if (!timed_out && fate.status != 0)
			answer_error(resp, fate.status, fate.code);
		else if (!timed_out)
			answer(l->dialect, req, key, query, m, resp);
	}
	sim_sleep_us(end_us - sim_now_us());
	abandon(m);
	maybe_kill(l, 2);
	if (l->kill_in == 1)
		l->kill_in = 0;
	if (l->dead || timed_out)
		return maybe_sent(resp, timed_out, err);
	if (resp->body != NULL && resp->body->failed) {
		resp->body->failed = false;
		return HTTP_TOO_LARGE;
	}
	if (sim_chance(store.faults.torn))
		return maybe_sent(resp, false, err);
	if (writes && resp->status < 300 && sim_chance(store.faults.error_after)) {
		(void)maybe_sent(resp, false, err);
		answer_error(resp, 500, l->dialect->failed);
	}
	if (req->method == HTTP_GET && sim_chance(store.faults.damaged))
		damage(resp);
	return HTTP_ANSWERED;
}
