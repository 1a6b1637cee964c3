/*
 * http.c - one HTTP request at a time for each thread, over connections that are kept
 * Licence: MIT, see LICENSE.
 */
#include "blob/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "config.h"

/*
 * Options, share and locks never change after http_client_open(); lock guards
 * the fields below it.  The handle used last is used first: its connection is
 * the least likely to have been closed by the other side.
 */
struct http_client {
	char *ca_file;
	int64_t connect_timeout_ms;
	int64_t request_timeout_ms;
	unsigned max;
	CURLSH *share;
	struct mutex share_locks[CURL_LOCK_DATA_LAST];

	struct mutex lock;
	struct cond freed;
	CURL **idle; /* max of them */
	unsigned n_idle;
	unsigned n_handles; /* idle or in use */
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_rc;

static void init_curl(void)
{
	global_rc = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void share_lock(CURL *handle, curl_lock_data data, curl_lock_access access, void *arg)
{
	struct http_client *client = arg;

	(void)handle;
	(void)access;
	mutex_lock(&client->share_locks[data]);
}

static void share_unlock(CURL *handle, curl_lock_data data, void *arg)
{
	struct http_client *client = arg;

	(void)handle;
	mutex_unlock(&client->share_locks[data]);
}

bool http_client_open(const struct http_client_options *options,
		      struct http_client **out, struct error *err)
{
	pthread_once(&global_once, init_curl);
	if (global_rc != CURLE_OK)
		return error_set(err, "could not start libcurl: %s",
				 curl_easy_strerror(global_rc));
	struct http_client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return error_no_memory(err);
	client->connect_timeout_ms = options->connect_timeout_ms;
	client->request_timeout_ms = options->request_timeout_ms;
	client->max = options->max_connections > 0 ? options->max_connections : 1;
	mutex_init(&client->lock);
	cond_init(&client->freed);
	for (size_t i = 0; i < ARRAY_LEN(client->share_locks); i++)
		mutex_init(&client->share_locks[i]);
	client->idle = calloc(client->max, sizeof(client->idle[0]));
	client->share = curl_share_init();
	if (options->ca_file != NULL)
		client->ca_file = strdup(options->ca_file);
	if (client->idle == NULL || client->share == NULL ||
	    (options->ca_file != NULL && client->ca_file == NULL)) {
		http_client_close(client);
		return error_no_memory(err);
	}
	curl_share_setopt(client->share, CURLSHOPT_LOCKFUNC, share_lock);
	curl_share_setopt(client->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
	curl_share_setopt(client->share, CURLSHOPT_USERDATA, client);
	curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	*out = client;
	return true;
}

void http_client_close(struct http_client *client)
{
	if (client == NULL)
		return;
	assert(client->n_idle == client->n_handles);
	for (unsigned i = 0; i < client->n_idle; i++)
		curl_easy_cleanup(client->idle[i]);
	if (client->share != NULL)
		curl_share_cleanup(client->share);
	for (size_t i = 0; i < ARRAY_LEN(client->share_locks); i++)
		mutex_deinit(&client->share_locks[i]);
	cond_deinit(&client->freed);
	mutex_deinit(&client->lock);
	free(client->idle);
	free(client->ca_file);
	free(client);
}

/* NULL when none came free until the deadline, or out of memory. */
static CURL *handle_take(struct http_client *client, int64_t deadline_ms)
{
	CURL *handle = NULL;
	bool make = false;

	mutex_lock(&client->lock);
	while (client->n_idle == 0 && client->n_handles == client->max)
		if (!cond_wait_until(&client->freed, &client->lock, deadline_ms))
			break;
	if (client->n_idle > 0) {
		handle = client->idle[--client->n_idle];
	} else if (client->n_handles < client->max) {
		client->n_handles++;
		make = true;
	}
	mutex_unlock(&client->lock);
	if (!make)
		return handle;
	handle = curl_easy_init();
	if (handle == NULL) {
		mutex_lock(&client->lock);
		client->n_handles--;
		cond_signal(&client->freed);
		mutex_unlock(&client->lock);
	}
	return handle;
}

static void handle_give_back(struct http_client *client, CURL *handle)
{
	mutex_lock(&client->lock);
	client->idle[client->n_idle++] = handle;
	cond_signal(&client->freed);
	mutex_unlock(&client->lock);
}

const char *http_method_name(enum http_method method)
{
	switch (method) {
	case HTTP_GET:
		return "GET";
	case HTTP_HEAD:
		return "HEAD";
	case HTTP_PUT:
		return "PUT";
	case HTTP_POST:
		return "POST";
	case HTTP_DELETE:
		return "DELETE";
	}
	return "?";
}

void http_add_header(struct http_request *req, const char *name, const char *value)
{
	assert(req->n_headers < HTTP_MAX_HEADERS);
	req->headers[req->n_headers].name = name;
	req->headers[req->n_headers].value = value;
	req->n_headers++;
}

void http_response_free(struct http_response *resp)
{
	buf_free(&resp->headers);
	buf_free(&resp->error_body);
}

void http_response_reset(struct http_response *resp)
{
	resp->status = 0;
	resp->timed_out = false;
	resp->content_length = -1;
	if (resp->body != NULL) {
		resp->body->len -= resp->body_len;
		resp->body->failed = false;
	}
	resp->body_len = 0;
	buf_reset(&resp->headers);
	buf_reset(&resp->error_body);
}

const char *http_response_header(const struct http_response *resp, const char *name)
{
	size_t name_len = strlen(name);
	const char *at = resp->headers.data;
	const char *end = resp->headers.len > 0 ? at + resp->headers.len : at;

	/* entries are "name", NUL, "value", NUL */
	while (at != NULL && at < end) {
		size_t len = strlen(at);
		const char *value = at + len + 1;

		if (len == name_len && memcmp(at, name, len) == 0)
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}

int64_t http_retry_after_ms(const struct http_response *resp)
{
	const int64_t most = 3600 * 1000;
	const char *text = http_response_header(resp, "x-ms-retry-after-ms");
	int64_t unit = 1;

	if (text == NULL) {
		text = http_response_header(resp, "retry-after");
		unit = 1000;
	}
	if (text == NULL)
		return 0;
	char *end;
	long long n = strtoll(text, &end, 10);
	if (end != text && *end == '\0')
		return n <= 0 ? 0 : n > most / unit ? most : n * unit;
	/* a date: by the store's own clock, if it tells it */
	const char *date = http_response_header(resp, "date");
	time_t then = curl_getdate(text, NULL);
	time_t now = date != NULL ? curl_getdate(date, NULL) : time(NULL);
	if (then == -1 || now == -1 || then <= now)
		return 0;
	return then - now > 3600 ? most : (int64_t)(then - now) * 1000;
}

struct transfer {
	CURL *handle;
	struct http_response *resp;
	bool headed; /* all headers have come */
	bool begun; /* the body */
	bool too_large;
	bool stalled;
	bool once;       /* not to be sent again by libcurl itself */
	unsigned n_sent; /* times that libcurl began to send it */
	int64_t stall_ms;
	int64_t moved_ms; /* mono_ms() when bytes last moved */
	curl_off_t moved; /* bytes, both ways */
};

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct buf *to = &t->resp->headers;
	size_t len = size * n;
	size_t whole = len;

	if (t->begun)
		return whole; /* a trailer */
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n' ||
			   line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		buf_reset(to); /* what came before was an interim answer */
		t->headed = false;
		return whole;
	}
	if (len == 0)
		t->headed = true;
	const char *colon = memchr(line, ':', len);
	if (colon == NULL || memchr(line, '\0', len) != NULL)
		return whole;
	size_t name_len = (size_t)(colon - line);
	const char *value = colon + 1;
	size_t value_len = len - name_len - 1;
	while (value_len > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		value_len--;
	}
	for (size_t i = 0; i < name_len; i++) {
		char c = line[i];

		buf_put_byte(to, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	buf_put_byte(to, '\0');
	buf_put(to, value, value_len);
	buf_put_byte(to, '\0');
	/* headers beyond all measure: give the answer up */
	return to->failed ? 0 : whole;
}

static bool is_success(int status)
{
	return status >= 200 && status < 300;
}

static void begin_body(struct transfer *t)
{
	long status = 0;
	curl_off_t length = -1;

	t->begun = true;
	curl_easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	t->resp->status = (int)status;
	if (t->resp->body == NULL || !is_success((int)status) || length < 0)
		return;
	/* room for all of it at once, or none */
	if ((uint64_t)length > SIZE_MAX || !buf_reserve(t->resp->body, (size_t)length))
		t->too_large = true;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct http_response *resp = t->resp;
	size_t len = size * n;

	if (!t->begun)
		begin_body(t);
	if (t->too_large)
		return 0;
	if (resp->body != NULL && is_success(resp->status)) {
		buf_put(resp->body, bytes, len);
		if (resp->body->failed) {
			t->too_large = true;
			return 0;
		}
		resp->body_len += len;
	} else {
		size_t room = resp->error_body.limit - resp->error_body.len;

		buf_put(&resp->error_body, bytes, len < room ? len : room);
	}
	return len;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down,
		       curl_off_t up_total, curl_off_t up)
{
	struct transfer *t = arg;
	int64_t now = mono_ms();

	(void)down_total;
	(void)up_total;
	if (down + up != t->moved) {
		t->moved = down + up;
		t->moved_ms = now;
	} else if (now - t->moved_ms > t->stall_ms) {
		t->stalled = true;
		return 1;
	}
	return 0;
}

/* Called before each sending, also when libcurl repeats one. */
static int on_send(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct transfer *t = arg;

	(void)remote_ip;
	(void)local_ip;
	(void)remote_port;
	(void)local_port;
	return ++t->n_sent > 1 && t->once ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* "host:port" of a URL, for messages: no user, no path, no query. */
static void host_of(const char *url, char *out, size_t size)
{
	const char *at = strstr(url, "://");

	at = at != NULL ? at + 3 : url;
	size_t len = strcspn(at, "/?#");
	for (size_t i = 0; i < len; i++)
		if (at[i] == '@') {
			at += i + 1;
			len -= i + 1;
			i = (size_t)-1;
		}
	if (len >= size)
		len = size - 1;
	memcpy(out, at, len);
	out[len] = '\0';
}

static bool add_line(struct curl_slist **list, const char *name, const char *sep,
		     const char *value)
{
	struct buf line = BUF_INIT(64 << 10);

	buf_put_str(&line, name);
	buf_put_str(&line, sep);
	buf_put_str(&line, value);
	const char *text = buf_str(&line);
	struct curl_slist *longer = line.failed ? NULL : curl_slist_append(*list, text);
	buf_free(&line);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool make_headers(const struct http_request *req, struct curl_slist **list)
{
	bool typed = false;

	for (size_t i = 0; i < req->n_headers; i++) {
		const char *name = req->headers[i].name;
		const char *value = req->headers[i].value;

		for (const char *c = value; *c != '\0'; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7F)
				return false;
		if (strcasecmp(name, "content-type") == 0)
			typed = true;
		if (!add_line(list, name, value[0] != '\0' ? ": " : ";", value))
			return false;
	}
	/* those that libcurl would add by itself, and nobody signed */
	return add_line(list, "Accept", ":", "") && add_line(list, "Expect", ":", "") &&
	       (typed || add_line(list, "Content-Type", ":", ""));
}

static void set_method(CURL *h, const struct http_request *req)
{
	switch (req->method) {
	case HTTP_GET:
		curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
		return;
	case HTTP_HEAD:
		curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
		return;
	case HTTP_DELETE:
		curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, "DELETE");
		return;
	case HTTP_PUT:
		curl_easy_setopt(h, CURLOPT_POST, 1L);
		curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, "PUT");
		break;
	case HTTP_POST:
		curl_easy_setopt(h, CURLOPT_POST, 1L);
		break;
	}
	/* sent from where it lies: not copied, and rewound by itself */
	curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, req->body_len > 0 ? req->body : "");
}

static void set_options(struct http_client *client, CURL *h,
			const struct http_request *req, struct transfer *t,
			struct curl_slist *headers, char *reason, int64_t try_ms)
{
	curl_easy_setopt(h, CURLOPT_SHARE, client->share);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a name server past the deadline */
#endif
	curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(h, CURLOPT_BUFFERSIZE, 64L << 10);
	curl_easy_setopt(h, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, reason);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_timeout_ms);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)try_ms);
	if (client->ca_file != NULL)
		curl_easy_setopt(h, CURLOPT_CAINFO, client->ca_file);
	if (req->direct)
		curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(h, CURLOPT_URL, req->url);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(h, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, on_send);
	curl_easy_setopt(h, CURLOPT_PREREQDATA, t);
	set_method(h, req);
}

static enum http_rc rc_of(CURLcode code, const struct transfer *t)
{
	long sent = 0;

	if (code == CURLE_OK) /* libcurl takes a connection's end for the headers' */
		return t->headed ? HTTP_ANSWERED : HTTP_MAYBE_SENT;
	/* once a byte went out the server may have executed it, whatever came back */
	if (t->n_sent > 1 ||
	    curl_easy_getinfo(t->handle, CURLINFO_REQUEST_SIZE, &sent) != CURLE_OK || sent > 0)
		return HTTP_MAYBE_SENT;
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_NOT_BUILT_IN:
		return HTTP_REFUSED;
	default:
		return HTTP_NOT_SENT;
	}
}

/* A second for each MiB either way on top: a slow line is not a dead one. */
static int64_t try_timeout_ms(const struct http_request *req,
			      const struct http_response *resp, int64_t base_ms)
{
	uint64_t bytes = req->body_len;
	int64_t left = ms_until(req->deadline_ms);

	if (resp->body != NULL && req->method == HTTP_GET)
		bytes += resp->body->limit - resp->body->len;
	int64_t most = base_ms + (int64_t)((bytes < 1u << 30 ? bytes : 1u << 30) >> 10);
	return most < left ? most : left;
}

enum http_rc http_perform(struct http_client *client, const struct http_request *req,
			  struct http_response *resp, struct error *err)
{
	char host[128];
	char reason[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	int64_t base_ms = req->timeout_ms > 0 ? req->timeout_ms : client->request_timeout_ms;
	int64_t start_us = mono_us();

	host_of(req->url, host, sizeof(host));
	if (!make_headers(req, &headers)) {
		curl_slist_free_all(headers);
		error_set(err, "could not make a request to %s: a header is not good", host);
		return HTTP_REFUSED;
	}
	CURL *h = handle_take(client, req->deadline_ms);
	int64_t try_ms = try_timeout_ms(req, resp, base_ms);
	if (h == NULL || try_ms == 0) {
		if (h != NULL)
			handle_give_back(client, h);
		curl_slist_free_all(headers);
		resp->timed_out = true;
		error_set(err, "could not connect to %s: no connection came free in time", host);
		return HTTP_NOT_SENT;
	}
	struct transfer t = {
		.handle = h,
		.resp = resp,
		.once = req->method != HTTP_GET && req->method != HTTP_HEAD,
		.stall_ms = base_ms,
		.moved_ms = mono_ms(),
	};
	set_options(client, h, req, &t, headers, reason, try_ms);
	CURLcode code = curl_easy_perform(h);
	enum http_rc rc = rc_of(code, &t);
	if (t.too_large)
		rc = HTTP_TOO_LARGE;
	if (rc == HTTP_ANSWERED) {
		long status = 0;
		curl_off_t length = -1;

		curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(h, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
		resp->status = (int)status;
		resp->content_length = length;
	} else {
		size_t body_len = resp->body_len;
		int status = resp->status;

		http_response_reset(resp);
		resp->timed_out = code == CURLE_OPERATION_TIMEDOUT || t.stalled;
		if (rc == HTTP_TOO_LARGE) {
			resp->status = status;
			error_set(err, "%s answered with more bytes than wanted", host);
		} else if (resp->timed_out) {
			error_set(err, "no answer from %s within %" PRId64 " ms%s", host,
				  (mono_us() - start_us) / 1000,
				  body_len > 0 ? ", or only a part" : "");
		} else if (t.once && t.n_sent > 1) {
			error_set(err, "%s closed the connection without an answer", host);
		} else if (code == CURLE_OK) {
			error_set(err, "%s: the answer ended within its headers", host);
		} else {
			error_set(err, "%s: %s", host,
				  reason[0] != '\0' ? reason : curl_easy_strerror(code));
			if (code == CURLE_PEER_FAILED_VERIFICATION)
				error_hint(err, "Install the certificate of its authority on this machine, or name it as ca_file.");
			else if (code == CURLE_SSL_CONNECT_ERROR)
				error_hint(err, "Check that the endpoint speaks TLS there, and not plain HTTP.");
		}
	}
	log_trace("http", NULL, "http %s %s host=%s status=%d in=%zu out=%zu us=%" PRId64 "%s%s",
		  http_method_name(req->method), req->label != NULL ? req->label : "-", host,
		  resp->status, resp->body_len + resp->error_body.len, req->body_len,
		  mono_us() - start_us, code != CURLE_OK ? " error=" : "",
		  code != CURLE_OK ? curl_easy_strerror(code) : "");
	curl_easy_reset(h); /* forgets pointers to our stack, keeps the connections */
	handle_give_back(client, h);
	curl_slist_free_all(headers);
	return rc;
}
