/*
 * functions_privilege.c - has_table_privilege() and its many like, pg_has_role()
 *
 * The one superuser may do everything, the other roles, which nobody can log in as, own
 * nothing and were granted nothing.  What is left to do is to see that the object and the
 * privilege exist, and to fail as PostgreSQL does where they do not.
 *
 * Source: PostgreSQL 15 documentation, section 9.26.2, "Access Privilege Inquiry Functions".
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/functions.h"

#include <strings.h>

#include "sql/catalog/names.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/schema.h"

/* Whose privileges: the letter of the first argument, and what may be asked for. */
static const struct kind {
	char letter;
	oid_t reg_type; /* how its names are read; 0: otherwise */
	const char *what;
	const char *privileges; /* with commas around each */
} kinds[] = {
	{ 't', REGCLASSOID, "table", ",SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER," },
	{ 'a', REGCLASSOID, "table", ",SELECT,INSERT,UPDATE,REFERENCES," }, /* any column */
	{ 's', REGCLASSOID, "sequence", ",USAGE,SELECT,UPDATE," },
	{ 'n', REGNAMESPACEOID, "schema", ",CREATE,USAGE," },
	{ 'f', REGPROCEDUREOID, "function", ",EXECUTE," },
	{ 'y', REGTYPEOID, "type", ",USAGE," },
	{ 'd', 0, "database", ",CREATE,TEMPORARY,TEMP,CONNECT," },
	{ 'l', 0, "language", ",USAGE," },
	{ 'b', 0, "tablespace", ",CREATE," },
	{ 'w', 0, "foreign-data wrapper", ",USAGE," },
	{ 'v', 0, "server", ",USAGE," },
	{ 'p', 0, "parameter", ",SET,ALTER SYSTEM," },
	{ 'r', 0, "role", ",USAGE,MEMBER," },
};

static const char column_privileges[] = ",SELECT,INSERT,UPDATE,REFERENCES,";

/* One of a list, without blanks around it, and without WITH GRANT OPTION. */
static bool privilege_known(const char *list, const char *word, size_t len)
{
	static const char *const options[] = { " WITH GRANT OPTION", " WITH ADMIN OPTION" };

	while (len > 0 && *word == ' ') {
		word++;
		len--;
	}
	while (len > 0 && word[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		size_t n = strlen(options[i]);

		if (len > n && strncasecmp(word + len - n, options[i], n) == 0)
			len -= n;
	}
	for (const char *at = list; at[1] != '\0';) {
		const char *end = strchr(at + 1, ',');

		if ((size_t)(end - at - 1) == len && strncasecmp(at + 1, word, len) == 0)
			return true;
		at = end;
	}
	return false;
}

static bool check_privileges(sqlite3_context *ctx, const char *list, sqlite3_value *v)
{
	struct func_text t = func_text(v);

	for (size_t from = 0; from <= t.len;) {
		const char *comma = memchr(t.data + from, ',', t.len - from);
		size_t to = comma == NULL ? t.len : (size_t)(comma - t.data);

		if (!privilege_known(list, t.data + from, to - from)) {
			func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"%.*s\"",
				  (int)(to - from), t.data + from);
			return false;
		}
		from = to + 1;
	}
	return true;
}

/* A row of a catalog of pgcat by its second column. */
static bool row_named(const char *catalog, const char *name)
{
	const struct pgcat_rows *rows = pgcat_rows(catalog);

	for (uint32_t i = 0; i < rows->n_rows; i++) {
		size_t len;
		bool null;
		const char *at = pgcat_field(rows, i, 1, &len, &null);

		if (strlen(name) == len && memcmp(name, at, len) == 0)
			return true;
	}
	return false;
}

struct database_search {
	const char *name;
	oid_t oid;
	bool found;
};

static void match_database(void *arg, const struct sql_database_info *db)
{
	struct database_search *s = arg;

	s->found |= s->name != NULL ? strcmp(s->name, db->name) == 0 : s->oid == names_database_oid(db->name);
}

static bool database_exists(const struct sql_env *env, const char *name, oid_t oid)
{
	struct database_search s = { name, oid, false };
	struct sql_database_info this = { .name = env->database };

	/* the session's own is known without asking the store */
	if (this.name != NULL)
		match_database(&s, &this);
	if (!s.found && env->list_databases != NULL)
		(void)env->list_databases(env, match_database, &s);
	return s.found;
}

/* An object that is named by a plain text. */
static bool plain_exists(const struct sql_env *env, char letter, const char *name)
{
	switch (letter) {
	case 'd':
		return database_exists(env, name, 0);
	case 'l':
		return row_named("pg_language", name);
	case 'b':
		return row_named("pg_tablespace", name);
	case 'r':
		return names_find_role(env, name) != 0;
	case 'p':
		return true; /* PostgreSQL answers for any name that could be a parameter's */
	default:
		return false; /* foreign-data wrappers and servers: there are none */
	}
}

static bool oid_exists(struct sql_conn *conn, const struct kind *k, oid_t oid)
{
	char name[NAME_MAX_LEN + 1];
	oid_t namespace_oid;
	uint32_t n = 0;

	switch (k->letter) {
	case 't':
	case 'a':
	case 's':
		return names_of_class(conn->schema, oid, name, &namespace_oid);
	case 'n':
		return names_of_namespace(conn->schema, oid) != NULL;
	case 'f':
		return pgcat_proc(oid) != NULL;
	case 'y':
		return names_of_type(conn->schema, oid, name, &namespace_oid);
	case 'd':
		return database_exists(conn->env, NULL, oid);
	case 'r':
		return names_of_role(conn->env, oid, name);
	case 'l':
		(void)pgcat_rows_with_key(pgcat_rows("pg_language"), oid, &n);
		return n > 0;
	case 'b':
		(void)pgcat_rows_with_key(pgcat_rows("pg_tablespace"), oid, &n);
		return n > 0;
	default:
		return false;
	}
}

/* 1: it is there; 0: the answer is null; -1: an error was reported */
static int check_object(sqlite3_context *ctx, const struct kind *k, sqlite3_value *v, oid_t *oid)
{
	struct sql_conn *conn = func_conn(ctx);

	*oid = catalog_oid(v);
	if (sqlite3_value_type(v) == SQLITE_INTEGER)
		return oid_exists(conn, k, *oid);
	struct func_text t = func_text(v);
	if (k->reg_type != 0) {
		if (names_in(conn->schema, conn->env, k->reg_type, t.data, t.len, false, oid, &conn->err))
			return 1;
		sql_conn_fail(conn, ctx);
		return -1;
	}
	if (plain_exists(conn->env, k->letter, t.data))
		return 1;
	func_fail(ctx, k->letter == 'd' ? ERRCODE_INVALID_CATALOG_NAME : ERRCODE_UNDEFINED_OBJECT,
		  "%s \"%s\" does not exist", k->what, t.data);
	return -1;
}

/* Is the role the superuser?  -1: an error was reported. */
static int is_superuser(sqlite3_context *ctx, sqlite3_value *v)
{
	const struct sql_env *env = func_conn(ctx)->env;

	if (sqlite3_value_type(v) == SQLITE_INTEGER)
		return catalog_oid(v) == BOOTSTRAP_ROLE_OID;
	const char *name = (const char *)sqlite3_value_text(v);
	oid_t oid = names_find_role(env, name);
	if (oid == 0 && strcmp(name, "public") != 0) {
		func_fail(ctx, ERRCODE_UNDEFINED_OBJECT, "role \"%s\" does not exist", name);
		return -1;
	}
	return oid == BOOTSTRAP_ROLE_OID;
}

static const struct kind *kind_of(sqlite3_value *v)
{
	char letter = *(const char *)sqlite3_value_text(v);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].letter == letter)
			return &kinds[i];
	}
	return &kinds[0];
}

/* pg_has_privilege(kind, [user,] object, privileges) */
static void fn_has_privilege(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct kind *k = kind_of(argv[0]);
	int super = 1, there;
	oid_t oid;

	if (func_any_null(n, argv) || (n == 4 && (super = is_superuser(ctx, argv[1])) < 0))
		return;
	there = check_object(ctx, k, argv[n - 2], &oid);
	if (there < 0 || !check_privileges(ctx, k->privileges, argv[n - 1]))
		return;
	if (there == 0)
		return;
	const struct schema *schema = func_conn(ctx)->schema;
	if (k->letter == 's' && schema != NULL && schema_sequence_by_oid(schema, oid) == NULL) {
		char name[NAME_MAX_LEN + 1] = "";
		oid_t namespace_oid;

		(void)names_of_class(schema, oid, name, &namespace_oid);
		func_fail(ctx, ERRCODE_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", name);
		return;
	}
	func_result_bool(ctx, super != 0);
}

/* pg_has_column_privilege([user,] table, column, privileges) */
static void fn_has_column_privilege(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct schema *schema = catalog_schema(ctx, "has_column_privilege");
	int super = 1, there;
	oid_t oid;

	if (schema == NULL || func_any_null(n, argv) || (n == 4 && (super = is_superuser(ctx, argv[0])) < 0))
		return;
	there = check_object(ctx, &kinds[0], argv[n - 3], &oid);
	if (there < 0)
		return;
	const struct schema_relation *r = schema_relation_by_oid(schema, oid);
	const struct schema_column *c = NULL;
	if (r != NULL && sqlite3_value_type(argv[n - 2]) == SQLITE_TEXT) {
		const char *name = (const char *)sqlite3_value_text(argv[n - 2]);

		c = schema_column_named(r, name);
		if (c == NULL) {
			func_fail(ctx, ERRCODE_UNDEFINED_COLUMN,
				  "column \"%s\" of relation \"%s\" does not exist", name, r->name);
			return;
		}
	} else if (r != NULL) {
		c = schema_column_at(r, (int16_t)sqlite3_value_int(argv[n - 2]));
	}
	if (check_privileges(ctx, column_privileges, argv[n - 1]) && there > 0 && c != NULL)
		func_result_bool(ctx, super != 0);
}

/* pg_has_role([user,] role, privileges): the superuser is a member of all */
static void fn_has_role(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const struct kind role = { 'r', 0, "role", ",USAGE,MEMBER," };
	const struct pgcat_rows *members = pgcat_rows("pg_auth_members");
	int super = 1;
	oid_t role_oid, user = BOOTSTRAP_ROLE_OID;

	if (func_any_null(n, argv) || (n == 3 && (super = is_superuser(ctx, argv[0])) < 0))
		return;
	if (check_object(ctx, &role, argv[n - 2], &role_oid) < 0 ||
	    !check_privileges(ctx, role.privileges, argv[n - 1]))
		return;
	if (sqlite3_value_type(argv[n - 2]) == SQLITE_TEXT)
		role_oid = names_find_role(func_conn(ctx)->env, (const char *)sqlite3_value_text(argv[n - 2]));
	if (n == 3)
		user = sqlite3_value_type(argv[0]) == SQLITE_INTEGER
			       ? catalog_oid(argv[0])
			       : names_find_role(func_conn(ctx)->env, (const char *)sqlite3_value_text(argv[0]));
	bool has = super != 0 || user == role_oid;
	for (uint32_t i = 0; !has && i < members->n_rows; i++)
		has = pgcat_field_int(members, i, 0) == role_oid && pgcat_field_int(members, i, 1) == user;
	func_result_bool(ctx, has);
}

const struct func_udf catalog_privilege_udfs[] = {
	STABLE("pg_has_privilege", 3, fn_has_privilege),
	STABLE("pg_has_privilege", 4, fn_has_privilege),
	STABLE("pg_has_column_privilege", 3, fn_has_column_privilege),
	STABLE("pg_has_column_privilege", 4, fn_has_column_privilege),
	STABLE("pg_has_role", 2, fn_has_role),
	STABLE("pg_has_role", 3, fn_has_role),
	{ .name = NULL },
};

const struct func_impl catalog_privilege_impls[] = {
	{ 3028, "has_any_column_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('a', $*)", FUNC_CHECKED },
	{ 3029, "has_any_column_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('a', $*)", FUNC_CHECKED },
	{ 3024, "has_any_column_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('a', $*)", FUNC_CHECKED },
	{ 3025, "has_any_column_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('a', $*)", FUNC_CHECKED },
	{ 3026, "has_any_column_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('a', $*)", FUNC_CHECKED },
	{ 3027, "has_any_column_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('a', $*)", FUNC_CHECKED },
	{ 3020, "has_column_privilege(text,text,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3021, "has_column_privilege(text,smallint,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3022, "has_column_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3023, "has_column_privilege(oid,smallint,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3012, "has_column_privilege(name,text,text,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3013, "has_column_privilege(name,text,smallint,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3014, "has_column_privilege(name,oid,text,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3015, "has_column_privilege(name,oid,smallint,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3016, "has_column_privilege(oid,text,text,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3017, "has_column_privilege(oid,text,smallint,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3018, "has_column_privilege(oid,oid,text,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 3019, "has_column_privilege(oid,oid,smallint,text)", FUNC_SCALAR, "pg_has_column_privilege($*)", FUNC_CHECKED },
	{ 2254, "has_database_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('d', $*)", FUNC_CHECKED },
	{ 2255, "has_database_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('d', $*)", FUNC_CHECKED },
	{ 2250, "has_database_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('d', $*)", FUNC_CHECKED },
	{ 2251, "has_database_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('d', $*)", FUNC_CHECKED },
	{ 2252, "has_database_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('d', $*)", FUNC_CHECKED },
	{ 2253, "has_database_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('d', $*)", FUNC_CHECKED },
	{ 3004, "has_foreign_data_wrapper_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('w', $*)", FUNC_CHECKED },
	{ 3005, "has_foreign_data_wrapper_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('w', $*)", FUNC_CHECKED },
	{ 3000, "has_foreign_data_wrapper_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('w', $*)", FUNC_CHECKED },
	{ 3001, "has_foreign_data_wrapper_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('w', $*)", FUNC_CHECKED },
	{ 3002, "has_foreign_data_wrapper_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('w', $*)", FUNC_CHECKED },
	{ 3003, "has_foreign_data_wrapper_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('w', $*)", FUNC_CHECKED },
	{ 2260, "has_function_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('f', $*)", FUNC_CHECKED },
	{ 2261, "has_function_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('f', $*)", FUNC_CHECKED },
	{ 2256, "has_function_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('f', $*)", FUNC_CHECKED },
	{ 2257, "has_function_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('f', $*)", FUNC_CHECKED },
	{ 2258, "has_function_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('f', $*)", FUNC_CHECKED },
	{ 2259, "has_function_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('f', $*)", FUNC_CHECKED },
	{ 2266, "has_language_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('l', $*)", FUNC_CHECKED },
	{ 2267, "has_language_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('l', $*)", FUNC_CHECKED },
	{ 2262, "has_language_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('l', $*)", FUNC_CHECKED },
	{ 2263, "has_language_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('l', $*)", FUNC_CHECKED },
	{ 2264, "has_language_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('l', $*)", FUNC_CHECKED },
	{ 2265, "has_language_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('l', $*)", FUNC_CHECKED },
	{ 6207, "has_parameter_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('p', $*)", FUNC_CHECKED },
	{ 6205, "has_parameter_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('p', $*)", FUNC_CHECKED },
	{ 6206, "has_parameter_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('p', $*)", FUNC_CHECKED },
	{ 2272, "has_schema_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('n', $*)", FUNC_CHECKED },
	{ 2273, "has_schema_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('n', $*)", FUNC_CHECKED },
	{ 2268, "has_schema_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('n', $*)", FUNC_CHECKED },
	{ 2269, "has_schema_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('n', $*)", FUNC_CHECKED },
	{ 2270, "has_schema_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('n', $*)", FUNC_CHECKED },
	{ 2271, "has_schema_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('n', $*)", FUNC_CHECKED },
	{ 2185, "has_sequence_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('s', $*)", FUNC_CHECKED },
	{ 2186, "has_sequence_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('s', $*)", FUNC_CHECKED },
	{ 2181, "has_sequence_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('s', $*)", FUNC_CHECKED },
	{ 2182, "has_sequence_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('s', $*)", FUNC_CHECKED },
	{ 2183, "has_sequence_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('s', $*)", FUNC_CHECKED },
	{ 2184, "has_sequence_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('s', $*)", FUNC_CHECKED },
	{ 3010, "has_server_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('v', $*)", FUNC_CHECKED },
	{ 3011, "has_server_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('v', $*)", FUNC_CHECKED },
	{ 3006, "has_server_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('v', $*)", FUNC_CHECKED },
	{ 3007, "has_server_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('v', $*)", FUNC_CHECKED },
	{ 3008, "has_server_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('v', $*)", FUNC_CHECKED },
	{ 3009, "has_server_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('v', $*)", FUNC_CHECKED },
	{ 1926, "has_table_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('t', $*)", FUNC_CHECKED },
	{ 1927, "has_table_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('t', $*)", FUNC_CHECKED },
	{ 1922, "has_table_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('t', $*)", FUNC_CHECKED },
	{ 1923, "has_table_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('t', $*)", FUNC_CHECKED },
	{ 1924, "has_table_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('t', $*)", FUNC_CHECKED },
	{ 1925, "has_table_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('t', $*)", FUNC_CHECKED },
	{ 2394, "has_tablespace_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('b', $*)", FUNC_CHECKED },
	{ 2395, "has_tablespace_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('b', $*)", FUNC_CHECKED },
	{ 2390, "has_tablespace_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('b', $*)", FUNC_CHECKED },
	{ 2391, "has_tablespace_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('b', $*)", FUNC_CHECKED },
	{ 2392, "has_tablespace_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('b', $*)", FUNC_CHECKED },
	{ 2393, "has_tablespace_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('b', $*)", FUNC_CHECKED },
	{ 3142, "has_type_privilege(text,text)", FUNC_SCALAR, "pg_has_privilege('y', $*)", FUNC_CHECKED },
	{ 3143, "has_type_privilege(oid,text)", FUNC_SCALAR, "pg_has_privilege('y', $*)", FUNC_CHECKED },
	{ 3138, "has_type_privilege(name,text,text)", FUNC_SCALAR, "pg_has_privilege('y', $*)", FUNC_CHECKED },
	{ 3139, "has_type_privilege(name,oid,text)", FUNC_SCALAR, "pg_has_privilege('y', $*)", FUNC_CHECKED },
	{ 3140, "has_type_privilege(oid,text,text)", FUNC_SCALAR, "pg_has_privilege('y', $*)", FUNC_CHECKED },
	{ 3141, "has_type_privilege(oid,oid,text)", FUNC_SCALAR, "pg_has_privilege('y', $*)", FUNC_CHECKED },
	{ 2709, "pg_has_role(name,text)", FUNC_SCALAR, "pg_has_role($*)", FUNC_CHECKED },
	{ 2710, "pg_has_role(oid,text)", FUNC_SCALAR, "pg_has_role($*)", FUNC_CHECKED },
	{ 2705, "pg_has_role(name,name,text)", FUNC_SCALAR, "pg_has_role($*)", FUNC_CHECKED },
	{ 2706, "pg_has_role(name,oid,text)", FUNC_SCALAR, "pg_has_role($*)", FUNC_CHECKED },
	{ 2707, "pg_has_role(oid,name,text)", FUNC_SCALAR, "pg_has_role($*)", FUNC_CHECKED },
	{ 2708, "pg_has_role(oid,oid,text)", FUNC_SCALAR, "pg_has_role($*)", FUNC_CHECKED },
	{ 0, NULL, FUNC_SCALAR, NULL, 0 },
};
