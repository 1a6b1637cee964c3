/*
 * azure_auth.c - SharedKey signatures, and what a connection string says
 * Licence: MIT, see LICENSE.
 */
#include "blob/azure_auth.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

/* The account of every emulator and its key, published by Microsoft: no secret. */
#define DEV_ACCOUNT "devstoreaccount1"
#define DEV_KEY "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

void azure_add_param(struct azure_request *req, const char *name, const char *value)
{
	assert(req->n_params < AZURE_MAX_PARAMS);
	assert(req->n_params == 0 || strcmp(req->params[req->n_params - 1].name, name) < 0);
	req->params[req->n_params].name = name;
	req->params[req->n_params].value = value;
	req->n_params++;
}

void azure_add_header(struct azure_request *req, const char *name, const char *value)
{
	assert(req->n_headers < AZURE_MAX_HEADERS);
	req->headers[req->n_headers].name = name;
	req->headers[req->n_headers].value = value;
	req->n_headers++;
}

static const char *header_value(const struct azure_request *req, const char *name)
{
	for (size_t i = 0; i < req->n_headers; i++)
		if (strcmp(req->headers[i].name, name) == 0)
			return req->headers[i].value;
	return "";
}

/* The x-ms- headers in rising order of names. */
static void put_vendor_headers(const struct azure_request *req, struct buf *out)
{
	const char *last = "";

	for (;;) {
		size_t next = req->n_headers;

		for (size_t i = 0; i < req->n_headers; i++) {
			const char *name = req->headers[i].name;

			if (strncmp(name, "x-ms-", 5) == 0 && strcmp(name, last) > 0 &&
			    (next == req->n_headers || strcmp(name, req->headers[next].name) < 0))
				next = i;
		}
		if (next == req->n_headers)
			return;
		buf_put_str(out, req->headers[next].name);
		buf_put_byte(out, ':');
		buf_put_str(out, req->headers[next].value);
		buf_put_byte(out, '\n');
		last = req->headers[next].name;
	}
}

void azure_string_to_sign(const struct azure_request *req, const char *account,
			  struct buf *out)
{
	static const char *const standard[] = {
		"content-md5", "content-type", "date", "if-modified-since", "if-match",
		"if-none-match", "if-unmodified-since", "range",
	};

	buf_put_str(out, req->method);
	/* content-encoding and content-language are never sent */
	buf_put_str(out, "\n\n\n");
	if (req->content_length > 0)
		buf_printf(out, "%zu", req->content_length);
	for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
		buf_put_byte(out, '\n');
		buf_put_str(out, header_value(req, standard[i]));
	}
	buf_put_byte(out, '\n');
	put_vendor_headers(req, out);
	buf_put_byte(out, '/');
	buf_put_str(out, account);
	buf_put_str(out, req->path);
	for (size_t i = 0; i < req->n_params; i++) {
		buf_put_byte(out, '\n');
		for (const char *at = req->params[i].name; *at != '\0'; at++)
			buf_put_byte(out, *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at);
		buf_put_byte(out, ':');
		buf_put_str(out, req->params[i].value);
	}
}

bool azure_sign(const struct azure_request *req, const char *account, const void *key,
		size_t key_len, struct buf *out)
{
	struct buf text = BUF_INIT(32 << 10);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	bool good = false;

	azure_string_to_sign(req, account, &text);
	if (!text.failed && key_len <= 1024 &&
	    HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text.data, text.len,
		 mac, &mac_len) != NULL) {
		buf_printf(out, "SharedKey %s:", account);
		base64_encode(mac, mac_len, out);
		good = !out->failed;
	}
	buf_free(&text);
	return good;
}

void azure_connection_free(struct azure_connection *c)
{
	free(c->account);
	free(c->key);
	free(c->sas);
	free(c->endpoint);
	memset(c, 0, sizeof(*c));
}

/* The value of `name` in "Name=value;...", a copy; *found tells whether it is there. */
static char *connection_get(const char *text, const char *name, bool *found)
{
	size_t name_len = strlen(name);

	*found = false;
	while (*text != '\0') {
		while (*text == ';' || *text == ' ')
			text++;
		size_t len = strcspn(text, ";");
		if (len > name_len && text[name_len] == '=' &&
		    strncasecmp(text, name, name_len) == 0) {
			size_t end = len;

			while (end > name_len + 1 && (text[end - 1] == ' ' || text[end - 1] == '\n'))
				end--;
			*found = true;
			return strndup(text + name_len + 1, end - name_len - 1);
		}
		text += len;
	}
	return NULL;
}

static bool is_true(const char *text)
{
	return text != NULL && strcasecmp(text, "true") == 0;
}

bool azure_connection_parse(const char *text, struct azure_connection *out,
			    struct error *err)
{
	struct {
		const char *name;
		char *value;
		bool found;
	} fields[] = {
		{ "UseDevelopmentStorage", NULL, false }, { "DevelopmentStorageProxyUri", NULL, false },
		{ "AccountName", NULL, false },           { "AccountKey", NULL, false },
		{ "SharedAccessSignature", NULL, false }, { "BlobEndpoint", NULL, false },
		{ "DefaultEndpointsProtocol", NULL, false }, { "EndpointSuffix", NULL, false },
	};
	enum { DEV, DEV_PROXY, ACCOUNT, KEY, SAS, ENDPOINT, PROTOCOL, SUFFIX };
	bool good = true;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		fields[i].value = connection_get(text, fields[i].name, &fields[i].found);
		if (fields[i].found && fields[i].value == NULL)
			good = error_no_memory(err);
	}
	if (good && is_true(fields[DEV].value)) {
		const char *host = fields[DEV_PROXY].found ? fields[DEV_PROXY].value : "http://127.0.0.1";

		out->account = strdup(DEV_ACCOUNT);
		out->key = strdup(DEV_KEY);
		if (asprintf(&out->endpoint, "%s:10000/%s", host, DEV_ACCOUNT) < 0)
			out->endpoint = NULL;
		good = (out->account != NULL && out->key != NULL && out->endpoint != NULL) ||
		       error_no_memory(err);
	} else if (good) {
		out->account = fields[ACCOUNT].value;
		out->key = fields[KEY].value;
		out->sas = fields[SAS].value;
		out->endpoint = fields[ENDPOINT].value;
		fields[ACCOUNT].value = fields[KEY].value = NULL;
		fields[SAS].value = fields[ENDPOINT].value = NULL;
		if (out->key == NULL && out->sas == NULL) {
			good = error_set(err, "the Azure connection string has no AccountKey and no SharedAccessSignature");
		} else if (out->account == NULL && out->endpoint == NULL) {
			good = error_set(err, "the Azure connection string has no AccountName and no BlobEndpoint");
		} else if (out->endpoint == NULL &&
			   asprintf(&out->endpoint, "%s://%s.blob.%s",
				    fields[PROTOCOL].found ? fields[PROTOCOL].value : "https",
				    out->account,
				    fields[SUFFIX].found ? fields[SUFFIX].value : "core.windows.net") < 0) {
			out->endpoint = NULL;
			good = error_no_memory(err);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		free(fields[i].value);
	if (!good)
		azure_connection_free(out);
	return good;
}
