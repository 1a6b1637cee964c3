/*
 * type.c - finds the code of a type
 * Licence: MIT, see LICENSE.
 */
#include "sql/type.h"

#include <pthread.h>

#include "sql/pgcat.h"
#include "sql/type/impl.h"

/* OIDs of built-in types are below this. */
#define MAX_BUILTIN_OID 6400

static const struct type_ops *ops_by_oid[MAX_BUILTIN_OID];
static pthread_once_t ops_once = PTHREAD_ONCE_INIT;

static void ops_init(void)
{
	static const struct type_ops *const all[] = {
		integer_types, float_types, string_types, numeric_types, datetime_types, interval_types, json_types, record_types, reg_types,
	};

	size_t n_types;
	const struct pg_type_row *types = pgcat_types(&n_types);

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (const struct type_ops *ops = all[i]; ops->oid != 0; ops++)
			ops_by_oid[ops->oid] = ops;
	for (size_t i = 0; i < n_types; i++) {
		oid_t element = pgcat_element_type(types[i].oid);

		if (element != 0 && element < MAX_BUILTIN_OID && types[i].oid < MAX_BUILTIN_OID &&
		    ops_by_oid[element] != NULL && ops_by_oid[types[i].oid] == NULL)
			ops_by_oid[types[i].oid] = types[i].typlen == -1 &&
							   (types[i].oid == INT2VECTOROID ||
							    types[i].oid == OIDVECTOROID)
							   ? &vector_type_ops : &array_type_ops;
	}
}

const struct type_ops *type_ops_of(oid_t type)
{
	pthread_once(&ops_once, ops_init);
	return type < MAX_BUILTIN_OID ? ops_by_oid[type] : NULL;
}

static bool unsupported(oid_t type, struct sql_error *err)
{
	char name[64];
	struct buf b = BUF_INIT(256);

	type_format(NULL, type, -1, &b);
	snprintf(name, sizeof(name), "%s", buf_str(&b));
	buf_free(&b);
	return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED, "type %s is not supported", name);
}

bool type_is_supported(oid_t type)
{
	return type_ops_of(type) != NULL;
}

const char *type_storage(oid_t type)
{
	const struct type_ops *ops = type_ops_of(type);

	return ops == NULL ? "BLOB" : ops->storage;
}

const char *type_collation(oid_t type)
{
	const struct type_ops *ops = type_ops_of(type);

	return ops != NULL && strcmp(ops->storage, KEY_STORAGE) == 0 ? "pg_key" : NULL;
}

bool type_in(const struct type_context *ctx, oid_t type, int32_t typmod, const char *text,
	     size_t len, struct datum *out, struct sql_error *err)
{
	const struct type_ops *ops = type_ops_of(type);
	struct type_input in = { ctx, type, typmod, text, len };

	return ops == NULL ? unsupported(type, err) : ops->in(&in, out, err);
}

bool type_out(const struct type_context *ctx, oid_t type, const struct datum *value,
	      struct buf *out, struct sql_error *err)
{
	const struct type_ops *ops = type_ops_of(type);

	return ops == NULL ? unsupported(type, err) : ops->out(ctx, type, value, out, err);
}

bool type_recv(const struct type_context *ctx, oid_t type, int32_t typmod, const char *bytes,
	       size_t len, struct datum *out, struct sql_error *err)
{
	const struct type_ops *ops = type_ops_of(type);
	struct type_input in = { ctx, type, typmod, bytes, len };

	return ops == NULL ? unsupported(type, err) : ops->recv(&in, out, err);
}

bool type_send(const struct type_context *ctx, oid_t type, const struct datum *value,
	       struct buf *out, struct sql_error *err)
{
	const struct type_ops *ops = type_ops_of(type);

	return ops == NULL ? unsupported(type, err) : ops->send(ctx, type, value, out, err);
}

void type_pad(oid_t type, int32_t typmod, size_t start, struct buf *out)
{
	if (type != BPCHAROID || typmod < 4 || out->failed)
		return;
	size_t have = utf8_length(out->data + start, out->len - start);
	size_t want = (size_t)typmod - 4;
	if (have >= want)
		return;
	char *blanks = buf_extend(out, want - have);
	if (blanks != NULL)
		memset(blanks, ' ', want - have);
}

bool type_bad_syntax(const struct type_input *in, const char *type_name, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_INVALID_TEXT, "invalid input syntax for type %s: \"%.*s\"",
			     type_name, (int)in->len, in->data);
}

bool type_bad_binary(struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_INVALID_BINARY, "incorrect binary data format");
}

bool type_out_of_range(const struct type_input *in, const char *type_name, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE,
			     "value \"%.*s\" is out of range for type %s", (int)in->len, in->data,
			     type_name);
}

bool type_corrupt(oid_t type, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_DATA_CORRUPTED,
			     "the database holds a value that type %u is never stored as", type);
}

bool datum_copy_text(const struct type_context *ctx, const char *data, size_t len,
		     struct datum *out, struct sql_error *err)
{
	char *copy = arena_memdup(ctx->arena, len > 0 ? data : "", len);

	if (copy == NULL)
		return sql_error_no_memory(err);
	datum_set_text(out, copy, len);
	return true;
}

bool type_word_is(const char *text, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if (type_lower(text[i]) != word[i] || word[i] == '\0')
			return false;
	return word[len] == '\0';
}
