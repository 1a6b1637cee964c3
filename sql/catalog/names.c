/*
 * names.c - names of objects to OIDs and back
 *
 * System objects come from pgcat's tables, the database's own from the schema in
 * memory.  Types, functions and operators of a user do not exist yet, so what is not a
 * row type is the system's.
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "sql/error.h"
#include "sql/pgcat.h"
#include "sql/schema.h"
#include "sql/type.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Cut at a character's end, as a name is that is too long. */
static size_t name_clip(const char *text, size_t len)
{
	if (len <= NAME_MAX_LEN)
		return len;
	len = NAME_MAX_LEN;
	while (len > 0 && (text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/*
 * One name of a dotted list at *at, written or in double quotes, into `out`; *at is then
 * behind it.  False: there is none.
 */
static bool take_name(const char **at, const char *end, char out[NAME_MAX_LEN + 1])
{
	const char *p = *at;
	char raw[4 * NAME_MAX_LEN];
	size_t len = 0;

	if (p == end)
		return false;
	if (*p == '"') {
		for (p++;; p++) {
			if (p == end)
				return false;
			if (*p == '"') {
				if (p + 1 == end || p[1] != '"')
					break;
				p++;
			}
			if (len < sizeof(raw))
				raw[len++] = *p;
		}
		p++;
	} else {
		if (!is_name_start(*p))
			return false;
		for (; p < end && (is_name_start(*p) || is_digit(*p) || *p == '$'); p++) {
			if (len < sizeof(raw))
				raw[len++] = lower(*p);
		}
	}
	len = name_clip(raw, len);
	memcpy(out, raw, len);
	out[len] = '\0';
	*at = p;
	return len > 0;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

bool names_parse(const char *text, size_t len, struct qualified_name *out, struct sql_error *err)
{
	const char *at = text, *end = text + len;

	out->n = 0;
	for (;;) {
		at = skip_space(at, end);
		if (out->n == 3)
			return sql_error_set(err, ERRCODE_SYNTAX,
					     "improper relation name (too many dotted names): %.*s",
					     (int)len, text);
		if (!take_name(&at, end, out->parts[out->n]))
			break;
		out->n++;
		at = skip_space(at, end);
		if (at == end)
			return true;
		if (*at != '.')
			break;
		at++;
	}
	return sql_error_set(err, ERRCODE_INVALID_NAME, "invalid name syntax");
}

const char *names_schema(const struct qualified_name *name)
{
	return name->n < 2 ? NULL : name->parts[name->n - 2];
}

const char *names_last(const struct qualified_name *name)
{
	return name->parts[name->n - 1];
}

/* "db.schema.name" is allowed only for this database. */
static bool check_database(const struct sql_env *env, const struct qualified_name *name, const char *text,
			   size_t len, struct sql_error *err)
{
	if (name->n < 3 || (env->database != NULL && strcmp(env->database, name->parts[0]) == 0))
		return true;
	return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
			     "cross-database references are not implemented: \"%.*s\"", (int)len, text);
}

/* ---- rows of pgcat as text, by name ---- */

static bool field_is(const struct pgcat_rows *rows, uint32_t row, unsigned column, const char *text)
{
	size_t len;
	bool null;
	const char *at = pgcat_field(rows, row, column, &len, &null);

	return !null && strlen(text) == len && memcmp(at, text, len) == 0;
}

static void field_copy(const struct pgcat_rows *rows, uint32_t row, unsigned column,
		       char out[NAME_MAX_LEN + 1])
{
	size_t len;
	bool null;
	const char *at = pgcat_field(rows, row, column, &len, &null);

	if (null || len > NAME_MAX_LEN)
		len = 0;
	memcpy(out, at, len);
	out[len] = '\0';
}

/* The catalogs whose objects are known by name and schema, and where those are. */
static const struct kind {
	oid_t catalog;
	const char *rows;
	unsigned name_column, namespace_column;
} kinds[] = {
	{ PG_CLASS_RELATION, "pg_class", 1, 2 },
	{ PG_COLLATION_RELATION, "pg_collation", 1, 2 },
	{ PG_CONVERSION_RELATION, "pg_conversion", 1, 2 },
	{ PG_OPCLASS_RELATION, "pg_opclass", 2, 3 },
	{ PG_OPFAMILY_RELATION, "pg_opfamily", 2, 3 },
	{ PG_TS_CONFIG_RELATION, "pg_ts_config", 1, 2 },
	{ PG_TS_DICT_RELATION, "pg_ts_dict", 1, 2 },
	{ PG_TS_PARSER_RELATION, "pg_ts_parser", 1, 2 },
	{ PG_TS_TEMPLATE_RELATION, "pg_ts_template", 1, 2 },
};

static const struct kind *kind_of(oid_t catalog)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].catalog == catalog)
			return &kinds[i];
	}
	return NULL;
}

static oid_t find_static(oid_t catalog, oid_t namespace_oid, const char *name)
{
	const struct kind *k = kind_of(catalog);
	const struct pgcat_rows *rows = pgcat_rows(k->rows);

	for (uint32_t i = 0; i < rows->n_rows; i++) {
		if (field_is(rows, i, k->name_column, name) &&
		    pgcat_field_int(rows, i, k->namespace_column) == namespace_oid)
			return (oid_t)pgcat_field_int(rows, i, 0);
	}
	return 0;
}

static bool of_static(oid_t catalog, oid_t oid, char name[NAME_MAX_LEN + 1], oid_t *namespace_oid)
{
	const struct kind *k = kind_of(catalog);
	const struct pgcat_rows *rows = pgcat_rows(k->rows);
	uint32_t n, at = pgcat_rows_with_key(rows, oid, &n);

	if (n == 0)
		return false;
	field_copy(rows, at, k->name_column, name);
	*namespace_oid = (oid_t)pgcat_field_int(rows, at, k->namespace_column);
	return true;
}

/* ---- schemas and the search path ---- */

oid_t names_find_namespace(const struct schema *schema, const char *name)
{
	if (schema != NULL) {
		const struct schema_namespace *n = schema_find_namespace(schema, name);
		return n == NULL ? 0 : n->oid;
	}
	if (strcmp(name, "pg_catalog") == 0)
		return PG_CATALOG_OID;
	if (strcmp(name, "public") == 0)
		return PUBLIC_OID;
	return strcmp(name, "information_schema") == 0 ? INFORMATION_SCHEMA_OID : 0;
}

const char *names_of_namespace(const struct schema *schema, oid_t oid)
{
	if (schema != NULL) {
		const struct schema_namespace *n = schema_namespace_by_oid(schema, oid);
		return n == NULL ? NULL : n->name;
	}
	switch (oid) {
	case PG_CATALOG_OID:
		return "pg_catalog";
	case PUBLIC_OID:
		return "public";
	case INFORMATION_SCHEMA_OID:
		return "information_schema";
	case PG_TOAST_OID:
		return "pg_toast";
	default:
		return NULL;
	}
}

/* The ith schema that is searched, or NULL; the shell has only the system's. */
static const char *path_at(const struct sql_env *env, int i)
{
	if (env->n_search_path == 0)
		return i == 0 ? "pg_catalog" : NULL;
	return i < env->n_search_path ? env->search_path[i] : NULL;
}

static oid_t find_class_in(const struct schema *schema, const struct sql_env *env, const char *namespace_name,
			   const char *name)
{
	if (schema != NULL) {
		const struct schema_relation *r =
			schema_find_relation(schema, env, namespace_name, name);
		if (r != NULL)
			return r->oid;
		const struct schema_index *x =
			schema_find_index(schema, env, namespace_name, name, NULL);
		if (x != NULL)
			return x->oid;
	}
	oid_t namespace_oid = names_find_namespace(schema, namespace_name);
	if (namespace_oid == PG_CATALOG_OID || namespace_oid == PG_TOAST_OID ||
	    namespace_oid == INFORMATION_SCHEMA_OID)
		return find_static(PG_CLASS_RELATION, namespace_oid, name);
	return 0;
}

oid_t names_find_class(const struct schema *schema, const struct sql_env *env, const char *namespace_name,
		       const char *name)
{
	const char *step;
	oid_t oid;

	if (namespace_name != NULL)
		return find_class_in(schema, env, namespace_name, name);
	oid = schema == NULL ? 0 : find_class_in(schema, env, "pg_temp", name);
	for (int i = 0; oid == 0 && (step = path_at(env, i)) != NULL; i++)
		oid = find_class_in(schema, env, step, name);
	return oid;
}

static oid_t find_type_in(const struct schema *schema, const struct sql_env *env, const char *namespace_name,
			  const char *name)
{
	if (strcmp(namespace_name, "pg_catalog") == 0) {
		const struct pg_type_row *t = pgcat_type_named(name);
		return t == NULL ? 0 : t->oid;
	}
	if (strcmp(namespace_name, "information_schema") == 0) {
		size_t n;
		const struct pg_type_row *types = pgcat_types(&n);

		for (size_t i = 0; i < n; i++) {
			if (types[i].typnamespace == INFORMATION_SCHEMA_OID &&
			    strcmp(types[i].typname, name) == 0)
				return types[i].oid;
		}
		return 0;
	}
	const struct schema_relation *r =
		schema == NULL ? NULL : schema_find_relation(schema, env, namespace_name, name);
	return r == NULL ? 0 : r->type;
}

oid_t names_find_type(const struct schema *schema, const struct sql_env *env, const char *namespace_name,
		      const char *name)
{
	const char *step;
	oid_t oid = 0;

	if (namespace_name != NULL)
		return find_type_in(schema, env, namespace_name, name);
	for (int i = 0; oid == 0 && (step = path_at(env, i)) != NULL; i++)
		oid = find_type_in(schema, env, step, name);
	return oid;
}

const char *names_superuser(const struct sql_env *env)
{
	return env->session_user != NULL ? env->session_user : "postgres";
}

oid_t names_find_role(const struct sql_env *env, const char *name)
{
	const struct pgcat_rows *rows = pgcat_rows("pg_authid");

	if (strcmp(name, names_superuser(env)) == 0)
		return BOOTSTRAP_ROLE_OID;
	for (uint32_t i = 0; i < rows->n_rows; i++) {
		oid_t oid = (oid_t)pgcat_field_int(rows, i, 0);

		if (oid != BOOTSTRAP_ROLE_OID && field_is(rows, i, 1, name))
			return oid;
	}
	return 0;
}

bool names_of_role(const struct sql_env *env, oid_t oid, char name[NAME_MAX_LEN + 1])
{
	const struct pgcat_rows *rows = pgcat_rows("pg_authid");
	uint32_t n, at;

	if (oid == BOOTSTRAP_ROLE_OID) {
		snprintf(name, NAME_MAX_LEN + 1, "%s", names_superuser(env));
		return true;
	}
	at = pgcat_rows_with_key(rows, oid, &n);
	if (n > 0)
		field_copy(rows, at, 1, name);
	return n > 0;
}

const struct schema_index *names_index_by_oid(const struct schema *schema, oid_t oid,
					      const struct schema_relation **of)
{
	size_t n;
	const struct schema_relation *const *all =
		schema == NULL ? NULL : schema_relations(schema, &n);

	for (size_t i = 0; all != NULL && i < n; i++) {
		for (size_t j = 0; j < all[i]->n_indexes; j++) {
			if (all[i]->indexes[j].oid != oid)
				continue;
			if (of != NULL)
				*of = all[i];
			return &all[i]->indexes[j];
		}
	}
	return NULL;
}

bool names_of_class(const struct schema *schema, oid_t oid, char name[NAME_MAX_LEN + 1],
		    oid_t *namespace_oid)
{
	const struct schema_relation *r;
	const struct schema_index *x;

	if (schema != NULL) {
		r = schema_relation_by_oid(schema, oid);
		x = r != NULL ? NULL : names_index_by_oid(schema, oid, &r);
		if (r != NULL) {
			snprintf(name, NAME_MAX_LEN + 1, "%s", x != NULL ? x->name : r->name);
			*namespace_oid = r->namespace_oid;
			return true;
		}
	}
	return of_static(PG_CLASS_RELATION, oid, name, namespace_oid);
}

/* The relation whose row type it is. */
static const struct schema_relation *relation_of_type(const struct schema *schema, oid_t type)
{
	size_t n;
	const struct schema_relation *const *all =
		schema == NULL ? NULL : schema_relations(schema, &n);

	for (size_t i = 0; all != NULL && type >= FIRST_USER_OID && i < n; i++) {
		if (all[i]->type == type)
			return all[i];
	}
	return NULL;
}

bool names_of_type(const struct schema *schema, oid_t oid, char name[NAME_MAX_LEN + 1],
		   oid_t *namespace_oid)
{
	const struct pg_type_row *t = pgcat_type(oid);

	if (t != NULL) {
		snprintf(name, NAME_MAX_LEN + 1, "%s", t->typname);
		*namespace_oid = t->typnamespace;
		return true;
	}
	const struct schema_relation *r = relation_of_type(schema, oid);
	if (r == NULL)
		return false;
	snprintf(name, NAME_MAX_LEN + 1, "%s", r->name);
	*namespace_oid = r->namespace_oid;
	return true;
}

oid_t names_database_oid(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return FIRST_USER_OID + (hash & 0x3fffffff);
}

/* ---- visibility ---- */

static bool on_path(const struct schema *schema, const struct sql_env *env, oid_t namespace_oid)
{
	const char *step;

	for (int i = 0; (step = path_at(env, i)) != NULL; i++) {
		if (names_find_namespace(schema, step) == namespace_oid)
			return true;
	}
	return false;
}

bool names_is_visible(const struct schema *schema, const struct sql_env *env, oid_t catalog, oid_t oid,
		      bool *exists)
{
	char name[NAME_MAX_LEN + 1];
	oid_t namespace_oid = 0;

	*exists = false;
	switch (catalog) {
	case PG_CLASS_RELATION:
		if (!names_of_class(schema, oid, name, &namespace_oid))
			return false;
		*exists = true;
		return names_find_class(schema, env, NULL, name) == oid;
	case PG_TYPE_RELATION:
		if (!names_of_type(schema, oid, name, &namespace_oid))
			return false;
		*exists = true;
		return names_find_type(schema, env, NULL, name) == oid;
	case PG_PROC_RELATION: {
		const struct pg_proc_row *p = pgcat_proc(oid);

		*exists = p != NULL;
		return p != NULL && on_path(schema, env, p->pronamespace);
	}
	case PG_OPERATOR_RELATION:
		*exists = pgcat_operator(oid) != NULL;
		return *exists && on_path(schema, env, PG_CATALOG_OID);
	default:
		/* no two of these have one name, so being on the path is enough */
		*exists = kind_of(catalog) != NULL && of_static(catalog, oid, name, &namespace_oid);
		return *exists && on_path(schema, env, namespace_oid);
	}
}

/* ---- writing names ---- */

char names_keyword(const char *word, size_t len)
{
	const struct pgcat_rows *rows = pgcat_rows("pg_get_keywords");
	uint32_t lo = 0, hi = rows->n_rows;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		size_t n;
		bool null;
		const char *at = pgcat_field(rows, mid, 0, &n, &null);
		int c = memcmp(at, word, n < len ? n : len);

		if (c == 0)
			c = n < len ? -1 : n > len;
		if (c == 0)
			return *pgcat_field(rows, mid, 1, &n, &null);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return '\0';
}

void names_quote(struct buf *out, const char *name)
{
	bool safe = (name[0] >= 'a' && name[0] <= 'z') || name[0] == '_';
	size_t len = strlen(name);

	for (size_t i = 0; i < len && safe; i++)
		safe = (name[i] >= 'a' && name[i] <= 'z') || is_digit(name[i]) || name[i] == '_';
	if (safe) {
		char category = names_keyword(name, len);

		safe = category == '\0' || category == 'U';
	}
	if (safe) {
		buf_put(out, name, len);
		return;
	}
	buf_put_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '"')
			buf_put_byte(out, '"');
		buf_put_byte(out, name[i]);
	}
	buf_put_byte(out, '"');
}

void names_quote_qualified(struct buf *out, const char *namespace_name, const char *name)
{
	if (namespace_name != NULL) {
		names_quote(out, namespace_name);
		buf_put_byte(out, '.');
	}
	names_quote(out, name);
}

static void put_if_hidden(const struct schema *schema, bool visible, oid_t namespace_oid, const char *name,
			  struct buf *out)
{
	names_quote_qualified(out, visible ? NULL : names_of_namespace(schema, namespace_oid), name);
}

void names_format_type(const struct schema *schema, const struct sql_env *env, oid_t type, int32_t typmod,
		       struct buf *out)
{
	const struct pg_type_row *t = pgcat_type(type);
	const struct pg_type_row *element = t == NULL ? NULL : pgcat_type(pgcat_element_type(type));
	char name[NAME_MAX_LEN + 1];
	oid_t namespace_oid;
	bool is_array = element != NULL && t->typlen == -1 && element->typnamespace != PG_CATALOG_OID;

	if (t != NULL && t->typnamespace == PG_CATALOG_OID && !is_array) {
		if (type == BITOID && typmod == -2)
			buf_put_str(out, "\"bit\""); /* bit without a length is bit(1) to the grammar */
		else if (type == ANYOID)
			buf_put_str(out, "\"any\"");
		else
			type_format(schema, type, typmod, out);
		return;
	}
	if (is_array)
		type = element->oid;
	if (!names_of_type(schema, type, name, &namespace_oid)) {
		buf_put_str(out, type == 0 ? "-" : "???");
		return;
	}
	put_if_hidden(schema, names_find_type(schema, env, NULL, name) == type, namespace_oid, name, out);
	if (is_array)
		buf_put_str(out, "[]");
}

static void out_procedure(const struct schema *schema, const struct sql_env *env, oid_t reg_type,
			  const struct pg_proc_row *p, struct buf *out)
{
	size_t n;

	if (reg_type == REGPROCOID) {
		/* the bare name has to say which */
		(void)pgcat_procs_named(p->proname, &n);
		put_if_hidden(schema, n == 1 && on_path(schema, env, p->pronamespace),
			      p->pronamespace, p->proname, out);
		return;
	}
	put_if_hidden(schema, on_path(schema, env, p->pronamespace), p->pronamespace, p->proname, out);
	buf_put_byte(out, '(');
	for (int i = 0; i < p->pronargs; i++) {
		if (i > 0)
			buf_put_byte(out, ',');
		names_format_type(schema, env, p->proargtypes[i], -1, out);
	}
	buf_put_byte(out, ')');
}

static void out_operator(const struct schema *schema, const struct sql_env *env, oid_t reg_type,
			 const struct pg_operator_row *o, struct buf *out)
{
	size_t n;
	bool visible = on_path(schema, env, PG_CATALOG_OID);

	(void)pgcat_operators_named(o->oprname, &n);
	if (!visible || (reg_type == REGOPEROID && n > 1))
		buf_put_str(out, "pg_catalog.");
	buf_put_str(out, o->oprname);
	if (reg_type == REGOPEROID)
		return;
	buf_put_byte(out, '(');
	if (o->oprleft != 0)
		names_format_type(schema, env, o->oprleft, -1, out);
	else
		buf_put_str(out, "NONE");
	buf_put_byte(out, ',');
	names_format_type(schema, env, o->oprright, -1, out);
	buf_put_byte(out, ')');
}

static oid_t catalog_of_reg(oid_t reg_type)
{
	switch (reg_type) {
	case REGCOLLATIONOID:
		return PG_COLLATION_RELATION;
	case REGCONFIGOID:
		return PG_TS_CONFIG_RELATION;
	case REGDICTIONARYOID:
		return PG_TS_DICT_RELATION;
	default:
		return PG_CLASS_RELATION;
	}
}

void names_out(const struct schema *schema, const struct sql_env *env, oid_t reg_type, oid_t oid,
	       struct buf *out)
{
	char name[NAME_MAX_LEN + 1];
	oid_t namespace_oid;
	bool exists = false;

	if (oid == 0) {
		buf_put_byte(out, reg_type == REGOPEROID || reg_type == REGOPERATOROID ? '0' : '-');
		return;
	}
	switch (reg_type) {
	case REGPROCOID:
	case REGPROCEDUREOID: {
		const struct pg_proc_row *p = pgcat_proc(oid);

		exists = p != NULL;
		if (exists)
			out_procedure(schema, env, reg_type, p, out);
		break;
	}
	case REGOPEROID:
	case REGOPERATOROID: {
		const struct pg_operator_row *o = pgcat_operator(oid);

		exists = o != NULL;
		if (exists)
			out_operator(schema, env, reg_type, o, out);
		break;
	}
	case REGTYPEOID:
		exists = names_of_type(schema, oid, name, &namespace_oid);
		if (exists)
			names_format_type(schema, env, oid, -1, out);
		break;
	case REGROLEOID:
		exists = names_of_role(env, oid, name);
		if (exists)
			names_quote(out, name);
		break;
	case REGNAMESPACEOID:
		exists = names_of_namespace(schema, oid) != NULL;
		if (exists)
			names_quote(out, names_of_namespace(schema, oid));
		break;
	case REGCLASSOID: {
		bool visible = names_is_visible(schema, env, PG_CLASS_RELATION, oid, &exists);

		if (exists && names_of_class(schema, oid, name, &namespace_oid))
			put_if_hidden(schema, visible, namespace_oid, name, out);
		break;
	}
	default:
		exists = of_static(catalog_of_reg(reg_type), oid, name, &namespace_oid);
		if (exists)
			put_if_hidden(schema, on_path(schema, env, namespace_oid), namespace_oid, name, out);
		break;
	}
	if (!exists)
		buf_printf(out, "%u", oid);
}

/* ---- reading names ---- */

/* All digits: an OID. */
static bool in_number(const char *text, size_t len, bool *is_number, oid_t *out, struct sql_error *err)
{
	uint64_t n = 0;

	*is_number = len > 0;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i])) {
			*is_number = false;
			return true;
		}
		if (n <= UINT32_MAX)
			n = n * 10 + (uint64_t)(text[i] - '0');
	}
	if (n > UINT32_MAX)
		return sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE,
				     "value \"%.*s\" is out of range for type oid", (int)len, text);
	*out = (oid_t)n;
	return true;
}

/* A schema that was named has to be there. */
static bool check_schema(const struct schema *schema, const char *namespace_name, struct sql_error *err)
{
	if (namespace_name == NULL || names_find_namespace(schema, namespace_name) != 0)
		return true;
	return sql_error_set(err, ERRCODE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist",
			     namespace_name);
}

static bool in_class(const struct schema *schema, const struct sql_env *env, const char *text, size_t len,
		     bool missing_ok, oid_t *out, struct sql_error *err)
{
	struct qualified_name name;

	if (!names_parse(text, len, &name, err) || !check_database(env, &name, text, len, err))
		return false;
	*out = names_find_class(schema, env, names_schema(&name), names_last(&name));
	if (*out != 0 || missing_ok)
		return true;
	if (!check_schema(schema, names_schema(&name), err))
		return false;
	if (names_schema(&name) != NULL)
		return sql_error_set(err, ERRCODE_UNDEFINED_TABLE, "relation \"%s.%s\" does not exist",
				     names_schema(&name), names_last(&name));
	return sql_error_set(err, ERRCODE_UNDEFINED_TABLE, "relation \"%s\" does not exist",
			     names_last(&name));
}

/* Is an object of that schema what a name stands for? */
static bool schema_matches(const struct schema *schema, const struct sql_env *env,
			   const char *namespace_name, oid_t namespace_oid)
{
	if (namespace_name == NULL)
		return on_path(schema, env, namespace_oid);
	return names_find_namespace(schema, namespace_name) == namespace_oid;
}

static bool in_proc(const struct schema *schema, const struct sql_env *env, const char *text, size_t len,
		    bool missing_ok, oid_t *out, struct sql_error *err)
{
	struct qualified_name name;
	size_t n, matches = 0;

	if (!names_parse(text, len, &name, err))
		return false;
	const struct pg_proc_row *p = pgcat_procs_named(names_last(&name), &n);
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (schema_matches(schema, env, names_schema(&name), p[i].pronamespace)) {
			*out = p[i].oid;
			matches++;
		}
	}
	if (matches == 1)
		return true;
	*out = 0;
	if (missing_ok)
		return true;
	if (matches > 1)
		return sql_error_set(err, ERRCODE_AMBIGUOUS_FUNCTION,
				     "more than one function named \"%.*s\"", (int)len, text);
	return sql_error_set(err, ERRCODE_UNDEFINED_FUNCTION, "function \"%.*s\" does not exist",
			     (int)len, text);
}

enum { MAX_ARGS = 100 };

/* "name(type, type)": the name, and the types; a type "none" is 0 if none_ok. */
static bool in_signature(const struct schema *schema, const struct sql_env *env, const char *text,
			 size_t len, bool none_ok, size_t *name_len, oid_t types[MAX_ARGS], int *n,
			 bool *unknown_type, struct sql_error *err)
{
	const char *end = text + len, *p = text;
	bool quoted = false;

	for (; p < end && (quoted || *p != '('); p++)
		quoted ^= *p == '"';
	if (p == end)
		return sql_error_set(err, ERRCODE_INVALID_TEXT, "expected a left parenthesis");
	*name_len = (size_t)(p - text);
	while (end > p && is_space(end[-1]))
		end--;
	if (end[-1] != ')')
		return sql_error_set(err, ERRCODE_INVALID_TEXT, "expected a right parenthesis");
	end--;
	p = skip_space(p + 1, end);
	*n = 0;
	*unknown_type = false;
	while (p < end) {
		const char *from = p;
		int depth = 0;

		quoted = false;
		for (; p < end && (quoted || depth > 0 || *p != ','); p++) {
			quoted ^= *p == '"';
			depth += !quoted && (*p == '(' || *p == '[');
			depth -= !quoted && (*p == ')' || *p == ']');
		}
		const char *to = p;
		while (to > from && is_space(to[-1]))
			to--;
		if (to == from)
			return sql_error_set(err, ERRCODE_INVALID_TEXT, "expected a type name");
		if (*n == MAX_ARGS)
			return sql_error_set(err, ERRCODE_TOO_MANY_ARGUMENTS, "too many arguments");
		if (none_ok && to - from == 4 && strncasecmp(from, "none", 4) == 0) {
			types[(*n)++] = 0;
		} else {
			if (!names_type_in(schema, env, from, (size_t)(to - from), true, &types[*n], NULL,
					   err))
				return false;
			*unknown_type |= types[*n] == 0;
			(*n)++;
		}
		if (p < end) {
			p = skip_space(p + 1, end);
			if (p == end)
				return sql_error_set(err, ERRCODE_INVALID_TEXT, "expected a type name");
		}
	}
	return true;
}

static bool in_procedure(const struct schema *schema, const struct sql_env *env, const char *text,
			 size_t len, bool missing_ok, oid_t *out, struct sql_error *err)
{
	struct qualified_name name;
	oid_t types[MAX_ARGS];
	size_t name_len, n;
	int n_types;
	bool unknown;

	*out = 0;
	if (!in_signature(schema, env, text, len, false, &name_len, types, &n_types, &unknown, err) ||
	    !names_parse(text, name_len, &name, err))
		return false;
	const struct pg_proc_row *p = pgcat_procs_named(names_last(&name), &n);
	for (size_t i = 0; !unknown && i < n; i++) {
		if (p[i].pronargs == n_types &&
		    memcmp(p[i].proargtypes, types, (size_t)n_types * sizeof(types[0])) == 0 &&
		    schema_matches(schema, env, names_schema(&name), p[i].pronamespace)) {
			*out = p[i].oid;
			return true;
		}
	}
	return missing_ok || sql_error_set(err, ERRCODE_UNDEFINED_FUNCTION,
					   "function \"%.*s\" does not exist", (int)len, text);
}

/* The operator's name of "schema.+", and its schema (maybe NULL). */
static const char *operator_name(const char *text, size_t len, char symbol[NAME_MAX_LEN + 1],
				 char namespace_name[NAME_MAX_LEN + 1])
{
	const char *end = text + len, *at = skip_space(text, end);
	const char *dot = at;

	namespace_name[0] = '\0';
	if (at < end && (is_name_start(*at) || *at == '"') && take_name(&dot, end, namespace_name) &&
	    dot < end && *dot == '.')
		at = dot + 1;
	while (end > at && is_space(end[-1]))
		end--;
	size_t n = name_clip(at, (size_t)(end - at));
	memcpy(symbol, at, n);
	symbol[n] = '\0';
	return namespace_name[0] == '\0' ? NULL : namespace_name;
}

static bool in_operator(const struct schema *schema, const struct sql_env *env, oid_t reg_type,
			const char *text, size_t len, bool missing_ok, oid_t *out, struct sql_error *err)
{
	char symbol[NAME_MAX_LEN + 1], buf[NAME_MAX_LEN + 1];
	oid_t types[MAX_ARGS];
	size_t name_len = len, n, matches = 0;
	int n_types = 0;
	bool unknown = false;

	*out = 0;
	if (reg_type == REGOPERATOROID) {
		if (!in_signature(schema, env, text, len, true, &name_len, types, &n_types, &unknown, err))
			return false;
		if (n_types == 1) {
			sql_error_set(err, ERRCODE_UNDEFINED_PARAMETER, "missing argument");
			return sql_error_hint(err, "Use NONE to denote the missing argument of a unary operator.");
		}
		if (n_types != 2) {
			sql_error_set(err, ERRCODE_TOO_MANY_ARGUMENTS, "too many arguments");
			return sql_error_hint(err, "Provide two argument types for operator.");
		}
	}
	const char *namespace_name = operator_name(text, name_len, symbol, buf);
	const struct pg_operator_row *o = pgcat_operators_named(symbol, &n);
	for (size_t i = 0; !unknown && i < n; i++) {
		if (!schema_matches(schema, env, namespace_name, PG_CATALOG_OID))
			continue;
		if (n_types == 2 && (o[i].oprleft != types[0] || o[i].oprright != types[1]))
			continue;
		*out = o[i].oid;
		matches++;
	}
	if (matches == 1)
		return true;
	*out = 0;
	if (missing_ok)
		return true;
	if (matches > 1)
		return sql_error_set(err, ERRCODE_AMBIGUOUS_FUNCTION, "more than one operator named %.*s",
				     (int)len, text);
	return sql_error_set(err, ERRCODE_UNDEFINED_FUNCTION, "operator does not exist: %.*s", (int)len,
			     text);
}

/* Roles and schemas: one part only. */
static bool in_single(const struct schema *schema, const struct sql_env *env, oid_t reg_type,
		      const char *text, size_t len, bool missing_ok, oid_t *out, struct sql_error *err)
{
	struct qualified_name name;

	if (!names_parse(text, len, &name, err))
		return false;
	if (name.n != 1)
		return sql_error_set(err, ERRCODE_INVALID_NAME, "invalid name syntax");
	*out = reg_type == REGROLEOID ? names_find_role(env, name.parts[0])
				      : names_find_namespace(schema, name.parts[0]);
	if (*out != 0 || missing_ok)
		return true;
	if (reg_type == REGROLEOID)
		return sql_error_set(err, ERRCODE_UNDEFINED_OBJECT, "role \"%s\" does not exist",
				     name.parts[0]);
	return check_schema(schema, name.parts[0], err);
}

static bool in_static(const struct schema *schema, const struct sql_env *env, oid_t reg_type,
		      const char *text, size_t len, bool missing_ok, oid_t *out, struct sql_error *err)
{
	struct qualified_name name;
	oid_t catalog = catalog_of_reg(reg_type);
	const char *step;

	if (!names_parse(text, len, &name, err) || !check_database(env, &name, text, len, err))
		return false;
	*out = 0;
	if (names_schema(&name) != NULL) {
		oid_t namespace_oid = names_find_namespace(schema, names_schema(&name));

		*out = find_static(catalog, namespace_oid, names_last(&name));
	}
	for (int i = 0; names_schema(&name) == NULL && *out == 0 && (step = path_at(env, i)) != NULL; i++)
		*out = find_static(catalog, names_find_namespace(schema, step), names_last(&name));
	if (*out != 0 || missing_ok)
		return true;
	if (!check_schema(schema, names_schema(&name), err))
		return false;
	if (reg_type == REGCOLLATIONOID)
		return sql_error_set(err, ERRCODE_UNDEFINED_OBJECT,
				     "collation \"%.*s\" for encoding \"UTF8\" does not exist", (int)len,
				     text);
	return sql_error_set(err, ERRCODE_UNDEFINED_OBJECT, "text search %s \"%.*s\" does not exist",
			     reg_type == REGCONFIGOID ? "configuration" : "dictionary", (int)len, text);
}

bool names_in(const struct schema *schema, const struct sql_env *env, oid_t reg_type, const char *text,
	      size_t len, bool missing_ok, oid_t *out, struct sql_error *err)
{
	bool is_number;

	*out = 0;
	if (len == 1 && text[0] == '-' && reg_type != REGOPEROID && reg_type != REGOPERATOROID)
		return true;
	if (!in_number(text, len, &is_number, out, err))
		return false;
	if (is_number)
		return true;
	switch (reg_type) {
	case REGCLASSOID:
		return in_class(schema, env, text, len, missing_ok, out, err);
	case REGPROCOID:
		return in_proc(schema, env, text, len, missing_ok, out, err);
	case REGPROCEDUREOID:
		return in_procedure(schema, env, text, len, missing_ok, out, err);
	case REGOPEROID:
	case REGOPERATOROID:
		return in_operator(schema, env, reg_type, text, len, missing_ok, out, err);
	case REGTYPEOID:
		return names_type_in(schema, env, text, len, missing_ok, out, NULL, err);
	case REGROLEOID:
	case REGNAMESPACEOID:
		return in_single(schema, env, reg_type, text, len, missing_ok, out, err);
	default:
		return in_static(schema, env, reg_type, text, len, missing_ok, out, err);
	}
}
