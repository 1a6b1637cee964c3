/*
 * functions.c - look-ups in the catalogs: to_reg*(), format_type(), comments, what the
 * session is
 *
 * Source: PostgreSQL 15 documentation, section 9.26, "System Information Functions".
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/functions.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/schema.h"

const struct schema *catalog_schema(sqlite3_context *ctx, const char *function)
{
	const struct schema *schema = func_conn(ctx)->schema;

	if (schema == NULL)
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED, "%s() is not supported outside the server",
			  function);
	return schema;
}

oid_t catalog_oid(sqlite3_value *v)
{
	return sqlite3_value_type(v) == SQLITE_INTEGER ? (oid_t)sqlite3_value_int64(v) : 0;
}

void catalog_result_form(sqlite3_context *ctx, oid_t type, const char *text, size_t len)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct datum d;

	if (type_in(&tc, type, -1, text, len, &d, &conn->err))
		func_result(ctx, &d);
	else
		sql_conn_fail(conn, ctx);
}

/* ---- names and types ---- */

/* pg_to_reg(type, text): NULL where there is no such object */
static void fn_to_reg(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	oid_t oid;

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[1]);
	if (!names_in(conn->schema, conn->env, catalog_oid(argv[0]), t.data, t.len, true, &oid, &conn->err))
		sql_conn_fail(conn, ctx);
	else if (oid != 0)
		sqlite3_result_int64(ctx, oid);
}

static void fn_format_type(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct buf *b = func_buf(conn);

	(void)n;
	if (func_null(argv[0]))
		return;
	int64_t typmod = func_null(argv[1]) ? -1 : sqlite3_value_int64(argv[1]);
	if (typmod < 0 && !func_null(argv[1]))
		typmod = -2;
	names_format_type(conn->schema, conn->env, catalog_oid(argv[0]), (int32_t)typmod, b);
	func_result_buf(ctx, b);
}

/* pg_is_visible(catalog, oid) */
static void fn_is_visible(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	bool exists;

	if (func_any_null(n, argv))
		return;
	bool visible = names_is_visible(conn->schema, conn->env, catalog_oid(argv[0]), catalog_oid(argv[1]),
					&exists);
	if (exists)
		func_result_bool(ctx, visible);
}

static void fn_get_userbyid(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	char name[NAME_MAX_LEN + 1];

	if (func_any_null(n, argv))
		return;
	if (!names_of_role(func_conn(ctx)->env, catalog_oid(argv[0]), name))
		snprintf(name, sizeof(name), "unknown (OID=%u)", catalog_oid(argv[0]));
	func_result_text(ctx, name, strlen(name));
}

/* ---- comments ---- */

/* The comment of a user's object; NULL: none, or none of ours. */
static const char *user_comment(const struct schema *s, oid_t object, oid_t class, int64_t sub)
{
	const struct schema_relation *r;
	const struct schema_index *x;
	const struct schema_namespace *ns;
	size_t n;

	if (class == PG_NAMESPACE_RELATION) {
		ns = schema_namespace_by_oid(s, object);
		return ns == NULL || ns->oid < FIRST_USER_OID ? NULL : ns->comment;
	}
	if (class == PG_CLASS_RELATION) {
		r = schema_relation_by_oid(s, object);
		if (r == NULL || !system_is_user(r)) {
			x = names_index_by_oid(s, object, NULL);
			return x == NULL ? NULL : x->comment;
		}
		if (sub == 0)
			return r->comment;
		const struct schema_column *c = schema_column_at(r, (int16_t)sub);
		return c == NULL ? NULL : c->comment;
	}
	if (class != PG_CONSTRAINT_RELATION)
		return NULL;
	const struct schema_relation *const *all = schema_relations(s, &n);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < all[i]->n_constraints; j++) {
			if (all[i]->constraints[j].oid == object)
				return all[i]->constraints[j].comment;
		}
	}
	return NULL;
}

/* class 0: the first object of that OID, whatever it is */
static void result_comment(sqlite3_context *ctx, const char *catalog, oid_t object, oid_t class, int64_t sub)
{
	enum { CLASS = 1, SUB = 2 };
	const struct pgcat_rows *rows = pgcat_rows(catalog);
	bool shared = strcmp(catalog, "pg_shdescription") == 0;
	uint32_t n, at = pgcat_rows_with_key(rows, object, &n);
	const struct schema *schema = func_conn(ctx)->schema;

	for (uint32_t i = at; i < at + n; i++) {
		size_t len;
		bool null;

		if ((class != 0 && pgcat_field_int(rows, i, CLASS) != class) ||
		    (!shared && pgcat_field_int(rows, i, SUB) != sub))
			continue;
		const char *text = pgcat_field(rows, i, shared ? 2 : 3, &len, &null);
		func_result_text(ctx, text, len);
		return;
	}
	if (schema == NULL || shared)
		return;
	const oid_t classes[] = { PG_CLASS_RELATION, PG_NAMESPACE_RELATION, PG_CONSTRAINT_RELATION };
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		const char *text = class != 0 && class != classes[i]
					   ? NULL
					   : user_comment(schema, object, classes[i], sub);
		if (text != NULL) {
			func_result_text(ctx, text, strlen(text));
			return;
		}
	}
}

/* The OID of a catalog that is named, as obj_description()'s second argument does; 0: none. */
static oid_t catalog_named(struct func_text t)
{
	const struct pgcat_rows *rows = pgcat_rows("pg_class");

	for (uint32_t i = 0; i < rows->n_rows; i++) {
		size_t len;
		bool null;
		const char *name = pgcat_field(rows, i, 1, &len, &null);

		if (len == t.len && memcmp(name, t.data, len) == 0)
			return (oid_t)pgcat_field_int(rows, i, 0);
	}
	return 0;
}

/* obj_description(oid), obj_description(oid, catalog) */
static void fn_obj_description(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	oid_t class = 0;

	if (func_any_null(n, argv))
		return;
	if (n == 2 && (class = catalog_named(func_text(argv[1]))) == 0)
		return;
	result_comment(ctx, "pg_description", catalog_oid(argv[0]), class, 0);
}

static void fn_col_description(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (!func_any_null(n, argv))
		result_comment(ctx, "pg_description", catalog_oid(argv[0]), PG_CLASS_RELATION,
			       sqlite3_value_int64(argv[1]));
}

static void fn_shobj_description(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	oid_t class;

	if (!func_any_null(n, argv) && (class = catalog_named(func_text(argv[1]))) != 0)
		result_comment(ctx, "pg_shdescription", catalog_oid(argv[0]), class, 0);
}

/* ---- encodings ---- */

/* By number, as PostgreSQL counts them. */
static const char *const encodings[] = {
	"SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL",
	"LATIN1", "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8", "LATIN9",
	"LATIN10", "WIN1256", "WIN1258", "WIN866", "WIN874", "KOI8R", "WIN1251", "WIN1252",
	"ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250", "WIN1253", "WIN1254",
	"WIN1255", "WIN1257", "KOI8U", "SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB",
	"SHIFT_JIS_2004",
};

static void fn_encoding_to_char(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	int64_t i = sqlite3_value_int64(argv[0]);
	const char *name = i >= 0 && i < (int64_t)ARRAY_LEN(encodings) ? encodings[i] : "";
	func_result_text(ctx, name, strlen(name));
}

/* Letters and digits only, in lower case: "utf-8" is "utf8". */
static void clean_name(struct func_text t, char out[64])
{
	size_t n = 0;

	for (size_t i = 0; i < t.len && n < 63; i++) {
		char c = t.data[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	out[n] = '\0';
}

static void fn_char_to_encoding(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	char wanted[64], name[64];

	if (func_any_null(n, argv))
		return;
	clean_name(func_text(argv[0]), wanted);
	if (strcmp(wanted, "unicode") == 0)
		snprintf(wanted, sizeof(wanted), "utf8");
	for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
		clean_name((struct func_text){ encodings[i], strlen(encodings[i]) }, name);
		if (strcmp(name, wanted) == 0) {
			sqlite3_result_int64(ctx, (int64_t)i);
			return;
		}
	}
	sqlite3_result_int(ctx, -1);
}

/* ---- the server ---- */

static void fn_server_port(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct sql_env *env = func_conn(ctx)->env;
	const char *port = env->setting == NULL ? NULL : env->setting(env, "port");

	(void)n, (void)argv;
	if (port != NULL)
		sqlite3_result_int(ctx, atoi(port));
}

/* Microseconds since 2000 when this process began to register functions: its start. */
static int64_t start_us;
static pthread_once_t start_once = PTHREAD_ONCE_INIT;

static void note_start(void)
{
	enum { SECONDS_1970_TO_2000 = 946684800 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	start_us = (now.tv_sec - SECONDS_1970_TO_2000) * 1000000 + now.tv_nsec / 1000;
}

bool catalog_init(struct sql_conn *conn)
{
	(void)conn;
	pthread_once(&start_once, note_start);
	return true;
}

static void fn_start_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_int64(ctx, start_us);
}

/*
 * A number for the transaction, the same until it ends and larger for later ones: the
 * time at which it began.
 */
static void fn_txid(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	if (func_conn(ctx)->env->in_recovery)
		func_fail(ctx, ERRCODE_READ_ONLY_TRANSACTION,
			  "cannot execute pg_current_xact_id() during recovery");
	else
		sqlite3_result_int64(ctx, func_conn(ctx)->env->transaction_us);
}

static void fn_in_recovery(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	func_result_bool(ctx, func_conn(ctx)->env->in_recovery);
}

/* pg_form(type, text): a constant array */
static void fn_form(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[1]);
	catalog_result_form(ctx, catalog_oid(argv[0]), t.data, t.len);
}

/* ---- of relations ---- */

/* pg_relation_fact(what, oid) */
static void fn_relation_fact(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct schema *schema = catalog_schema(ctx, "pg_relation_fact");
	const struct schema_relation *r;
	char what;

	if (schema == NULL || func_any_null(n, argv))
		return;
	oid_t oid = catalog_oid(argv[1]);
	const struct schema_index *x = names_index_by_oid(schema, oid, NULL);
	r = schema_relation_by_oid(schema, oid);
	what = *(const char *)sqlite3_value_text(argv[0]);
	if (r == NULL && x == NULL)
		return;
	switch (what) {
	case 'f': /* filenode */
		if (x != NULL || r->kind != 'v')
			sqlite3_result_int64(ctx, oid);
		break;
	case 'p': /* is publishable */
		func_result_bool(ctx, r != NULL && r->kind == 'r' && system_is_user(r) && r->persistence == 'p');
		break;
	case 'u': /* is updatable: bits of the commands; views are not */
		sqlite3_result_int(ctx, r != NULL && r->kind == 'r' && !r->is_system ? 28 : 0);
		break;
	case 'c': /* a column is updatable */
		func_result_bool(ctx, r != NULL && r->kind == 'r' && !r->is_system);
		break;
	default:  /* the index that is the replica identity */
		for (size_t i = 0; r != NULL && i < r->n_indexes; i++) {
			if (r->indexes[i].primary)
				sqlite3_result_int64(ctx, r->indexes[i].oid);
		}
		break;
	}
}

static void fn_row_security(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	oid_t oid;

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	if (sqlite3_value_type(argv[0]) == SQLITE_TEXT &&
	    !names_in(conn->schema, conn->env, REGCLASSOID, t.data, t.len, false, &oid, &conn->err))
		sql_conn_fail(conn, ctx);
	else
		func_result_bool(ctx, false);
}

/* pg_index_column_has_property(index, column, property) */
static void fn_index_column(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const char *const yes[] = { "orderable", "returnable", "search_array", "search_nulls" };
	const struct schema *schema = catalog_schema(ctx, "pg_index_column_has_property");

	if (schema == NULL || func_any_null(n, argv))
		return;
	const struct schema_index *x = names_index_by_oid(schema, catalog_oid(argv[0]), NULL);
	int64_t column = sqlite3_value_int64(argv[1]);
	const char *what = (const char *)sqlite3_value_text(argv[2]);
	if (x == NULL || column < 1 || (size_t)column > x->n_keys)
		return;
	const struct schema_index_key *k = &x->keys[column - 1];
	if (strcmp(what, "asc") == 0 || strcmp(what, "desc") == 0)
		func_result_bool(ctx, k->descending == (what[0] == 'd'));
	else if (strcmp(what, "nulls_first") == 0 || strcmp(what, "nulls_last") == 0)
		func_result_bool(ctx, k->nulls_first == (what[6] == 'f'));
	else if (strcmp(what, "distance_orderable") == 0)
		func_result_bool(ctx, false);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(what, yes[i]) == 0)
			func_result_bool(ctx, true);
	}
}

/* pg_index_has_property(index, property), pg_indexam_has_property(am, property): btree's */
static void fn_index_property(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const struct {
		const char *name;
		bool value;
	} properties[] = {
		{ "clusterable", true }, { "index_scan", true }, { "bitmap_scan", true },
		{ "backward_scan", true }, { "can_order", true }, { "can_unique", true },
		{ "can_multi_col", true }, { "can_exclude", true }, { "can_include", true },
	};

	if (func_any_null(n, argv))
		return;
	for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
		if (strcmp((const char *)sqlite3_value_text(argv[1]), properties[i].name) == 0)
			func_result_bool(ctx, properties[i].value);
	}
}

const struct func_udf catalog_udfs[] = {
	STABLE("pg_to_reg", 2, fn_to_reg),
	STABLE("pg_format_type", 2, fn_format_type),
	STABLE("pg_is_visible", 2, fn_is_visible),
	STABLE("pg_get_userbyid", 1, fn_get_userbyid),
	STABLE("pg_obj_description", 1, fn_obj_description),
	STABLE("pg_obj_description", 2, fn_obj_description),
	STABLE("pg_col_description", 2, fn_col_description),
	STABLE("pg_shobj_description", 2, fn_shobj_description),
	STABLE("pg_encoding_to_char", 1, fn_encoding_to_char),
	STABLE("pg_char_to_encoding", 1, fn_char_to_encoding),
	STABLE("pg_server_port", 0, fn_server_port),
	STABLE("pg_start_time", 0, fn_start_time),
	STABLE("pg_txid", 0, fn_txid),
	STABLE("pg_in_recovery", 0, fn_in_recovery),
	STABLE("pg_form", 2, fn_form),
	STABLE("pg_relation_fact", 2, fn_relation_fact),
	STABLE("pg_row_security", 1, fn_row_security),
	STABLE("pg_index_column", 3, fn_index_column),
	STABLE("pg_index_property", 2, fn_index_property),
	{ .name = NULL },
};

const struct func_impl catalog_impls[] = {
	{ 1079, "regclass(text)", FUNC_SCALAR, "pg_in($1, 2205, -1)", FUNC_CHECKED },
	{ 1216, "col_description(oid,integer)", FUNC_SCALAR, "pg_col_description($1, $2)", 0 },
	{ 1081, "format_type(oid,integer)", FUNC_SCALAR, "pg_format_type($1, $2)", 0 },
	{ 1039, "getdatabaseencoding()", FUNC_SCALAR, "'UTF8'", 0 },
	{ 2196, "inet_client_addr()", FUNC_SCALAR, "NULL", 0 },
	{ 2197, "inet_client_port()", FUNC_SCALAR, "NULL", 0 },
	{ 2198, "inet_server_addr()", FUNC_SCALAR, "NULL", 0 },
	{ 2199, "inet_server_port()", FUNC_SCALAR, "pg_server_port()", 0 },
	{ 1215, "obj_description(oid,name)", FUNC_SCALAR, "pg_obj_description($*)", 0 },
	{ 1348, "obj_description(oid)", FUNC_SCALAR, "pg_obj_description($*)", 0 },
	{ 2561, "pg_blocking_pids(integer)", FUNC_SCALAR, "pg_form(1007, iif($1 IS NULL, NULL, '{}'))", 0 },
	{ 1264, "pg_char_to_encoding(name)", FUNC_SCALAR, "pg_char_to_encoding($1)", 0 },
	{ 810, "pg_client_encoding()", FUNC_SCALAR, "'UTF8'", 0 },
	{ 3448, "pg_collation_actual_version(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 3815, "pg_collation_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(3456, $1)", 0 },
	{ 3843, "pg_column_is_updatable(regclass,smallint,boolean)", FUNC_SCALAR, "pg_relation_fact('c', $1)", 0 },
	{ 2034, "pg_conf_load_time()", FUNC_SCALAR, "pg_start_time()", 0 },
	{ 2093, "pg_conversion_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(2607, $1)", 0 },
	{ 5059, "pg_current_xact_id()", FUNC_SCALAR, "pg_txid()", FUNC_CHECKED },
	{ 5060, "pg_current_xact_id_if_assigned()", FUNC_SCALAR, "NULL", 0 },
	{ 1597, "pg_encoding_to_char(integer)", FUNC_SCALAR, "pg_encoding_to_char($1)", 0 },
	{ 2081, "pg_function_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(1255, $1)", 0 },
	{ 6120, "pg_get_replica_identity_index(regclass)", FUNC_SCALAR, "pg_relation_fact('i', $1)", 0 },
	{ 1642, "pg_get_userbyid(oid)", FUNC_SCALAR, "pg_get_userbyid($1)", 0 },
	{ 638, "pg_index_column_has_property(regclass,integer,text)", FUNC_SCALAR, "pg_index_column($1, $2, $3)", 0 },
	{ 637, "pg_index_has_property(regclass,text)", FUNC_SCALAR, "pg_index_property($1, $2)", 0 },
	{ 636, "pg_indexam_has_property(oid,text)", FUNC_SCALAR, "pg_index_property($1, $2)", 0 },
	{ 3810, "pg_is_in_recovery()", FUNC_SCALAR, "pg_in_recovery()", 0 },
	{ 2855, "pg_is_other_temp_schema(oid)", FUNC_SCALAR, "0", 0 },
	{ 315, "pg_jit_available()", FUNC_SCALAR, "0", 0 },
	{ 2854, "pg_my_temp_schema()", FUNC_SCALAR, "0", 0 },
	{ 3296, "pg_notification_queue_usage()", FUNC_SCALAR, "0.0", 0 },
	{ 2083, "pg_opclass_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(2616, $1)", 0 },
	{ 2082, "pg_operator_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(2617, $1)", 0 },
	{ 3829, "pg_opfamily_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(2753, $1)", 0 },
	{ 2560, "pg_postmaster_start_time()", FUNC_SCALAR, "pg_start_time()", 0 },
	{ 2999, "pg_relation_filenode(regclass)", FUNC_SCALAR, "pg_relation_fact('f', $1)", 0 },
	{ 6121, "pg_relation_is_publishable(regclass)", FUNC_SCALAR, "pg_relation_fact('p', $1)", 0 },
	{ 3842, "pg_relation_is_updatable(regclass,boolean)", FUNC_SCALAR, "pg_relation_fact('u', $1)", 0 },
	{ 3376, "pg_safe_snapshot_blocking_pids(integer)", FUNC_SCALAR, "pg_form(1007, iif($1 IS NULL, NULL, '{}'))", 0 },
	{ 3056, "pg_stat_get_analyze_count(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3057, "pg_stat_get_autoanalyze_count(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3055, "pg_stat_get_autovacuum_count(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2771, "pg_stat_get_bgwriter_buf_written_checkpoints()", FUNC_SCALAR, "0", 0 },
	{ 2772, "pg_stat_get_bgwriter_buf_written_clean()", FUNC_SCALAR, "0", 0 },
	{ 2773, "pg_stat_get_bgwriter_maxwritten_clean()", FUNC_SCALAR, "0", 0 },
	{ 2770, "pg_stat_get_bgwriter_requested_checkpoints()", FUNC_SCALAR, "0", 0 },
	{ 3075, "pg_stat_get_bgwriter_stat_reset_time()", FUNC_SCALAR, "NULL", 0 },
	{ 2769, "pg_stat_get_bgwriter_timed_checkpoints()", FUNC_SCALAR, "0", 0 },
	{ 1934, "pg_stat_get_blocks_fetched(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1935, "pg_stat_get_blocks_hit(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2859, "pg_stat_get_buf_alloc()", FUNC_SCALAR, "0", 0 },
	{ 3161, "pg_stat_get_checkpoint_sync_time()", FUNC_SCALAR, "0.0", 0 },
	{ 3160, "pg_stat_get_checkpoint_write_time()", FUNC_SCALAR, "0.0", 0 },
	{ 6186, "pg_stat_get_db_active_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 2844, "pg_stat_get_db_blk_read_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 2845, "pg_stat_get_db_blk_write_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 1944, "pg_stat_get_db_blocks_fetched(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1945, "pg_stat_get_db_blocks_hit(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3426, "pg_stat_get_db_checksum_failures(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3428, "pg_stat_get_db_checksum_last_failure(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 3070, "pg_stat_get_db_conflict_all(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3068, "pg_stat_get_db_conflict_bufferpin(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3066, "pg_stat_get_db_conflict_lock(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3067, "pg_stat_get_db_conflict_snapshot(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3069, "pg_stat_get_db_conflict_startup_deadlock(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3065, "pg_stat_get_db_conflict_tablespace(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3152, "pg_stat_get_db_deadlocks(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 6187, "pg_stat_get_db_idle_in_transaction_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 6185, "pg_stat_get_db_session_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 6188, "pg_stat_get_db_sessions(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 6189, "pg_stat_get_db_sessions_abandoned(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 6190, "pg_stat_get_db_sessions_fatal(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 6191, "pg_stat_get_db_sessions_killed(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3074, "pg_stat_get_db_stat_reset_time(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 3151, "pg_stat_get_db_temp_bytes(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3150, "pg_stat_get_db_temp_files(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2762, "pg_stat_get_db_tuples_deleted(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2759, "pg_stat_get_db_tuples_fetched(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2760, "pg_stat_get_db_tuples_inserted(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2758, "pg_stat_get_db_tuples_returned(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2761, "pg_stat_get_db_tuples_updated(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1942, "pg_stat_get_db_xact_commit(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1943, "pg_stat_get_db_xact_rollback(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2879, "pg_stat_get_dead_tuples(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2978, "pg_stat_get_function_calls(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2980, "pg_stat_get_function_self_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 2979, "pg_stat_get_function_total_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 5053, "pg_stat_get_ins_since_vacuum(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 2783, "pg_stat_get_last_analyze_time(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 2784, "pg_stat_get_last_autoanalyze_time(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 2782, "pg_stat_get_last_autovacuum_time(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 2781, "pg_stat_get_last_vacuum_time(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 2878, "pg_stat_get_live_tuples(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3177, "pg_stat_get_mod_since_analyze(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1928, "pg_stat_get_numscans(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3788, "pg_stat_get_snapshot_timestamp()", FUNC_SCALAR, "NULL", 0 },
	{ 1933, "pg_stat_get_tuples_deleted(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1930, "pg_stat_get_tuples_fetched(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1972, "pg_stat_get_tuples_hot_updated(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1931, "pg_stat_get_tuples_inserted(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1929, "pg_stat_get_tuples_returned(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 1932, "pg_stat_get_tuples_updated(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3054, "pg_stat_get_vacuum_count(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3044, "pg_stat_get_xact_blocks_fetched(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3045, "pg_stat_get_xact_blocks_hit(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3046, "pg_stat_get_xact_function_calls(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3048, "pg_stat_get_xact_function_self_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 3047, "pg_stat_get_xact_function_total_time(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0.0)", 0 },
	{ 3037, "pg_stat_get_xact_numscans(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3042, "pg_stat_get_xact_tuples_deleted(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3039, "pg_stat_get_xact_tuples_fetched(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3043, "pg_stat_get_xact_tuples_hot_updated(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3040, "pg_stat_get_xact_tuples_inserted(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3038, "pg_stat_get_xact_tuples_returned(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3041, "pg_stat_get_xact_tuples_updated(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, 0)", 0 },
	{ 3403, "pg_statistics_obj_is_visible(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 2079, "pg_table_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(1259, $1)", 0 },
	{ 3778, "pg_tablespace_location(oid)", FUNC_SCALAR, "iif($1 IS NULL, NULL, '')", 0 },
	{ 3163, "pg_trigger_depth()", FUNC_SCALAR, "0", 0 },
	{ 3758, "pg_ts_config_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(3602, $1)", 0 },
	{ 3757, "pg_ts_dict_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(3600, $1)", 0 },
	{ 3756, "pg_ts_parser_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(3601, $1)", 0 },
	{ 3768, "pg_ts_template_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(3764, $1)", 0 },
	{ 2080, "pg_type_is_visible(oid)", FUNC_SCALAR, "pg_is_visible(1247, $1)", 0 },
	{ 3298, "row_security_active(oid)", FUNC_SCALAR, "pg_row_security($1)", FUNC_CHECKED },
	{ 3299, "row_security_active(text)", FUNC_SCALAR, "pg_row_security($1)", FUNC_CHECKED },
	{ 1993, "shobj_description(oid,name)", FUNC_SCALAR, "pg_shobj_description($1, $2)", 0 },
	{ 3495, "to_regclass(text)", FUNC_SCALAR, "pg_to_reg(2205, $1)", FUNC_CHECKED },
	{ 4195, "to_regcollation(text)", FUNC_SCALAR, "pg_to_reg(4191, $1)", FUNC_CHECKED },
	{ 4086, "to_regnamespace(text)", FUNC_SCALAR, "pg_to_reg(4089, $1)", FUNC_CHECKED },
	{ 3492, "to_regoper(text)", FUNC_SCALAR, "pg_to_reg(2203, $1)", FUNC_CHECKED },
	{ 3476, "to_regoperator(text)", FUNC_SCALAR, "pg_to_reg(2204, $1)", FUNC_CHECKED },
	{ 3494, "to_regproc(text)", FUNC_SCALAR, "pg_to_reg(24, $1)", FUNC_CHECKED },
	{ 3479, "to_regprocedure(text)", FUNC_SCALAR, "pg_to_reg(2202, $1)", FUNC_CHECKED },
	{ 4093, "to_regrole(text)", FUNC_SCALAR, "pg_to_reg(4096, $1)", FUNC_CHECKED },
	{ 3493, "to_regtype(text)", FUNC_SCALAR, "pg_to_reg(2206, $1)", FUNC_CHECKED },
	{ 2943, "txid_current()", FUNC_SCALAR, "pg_txid()", FUNC_CHECKED },
	{ 3348, "txid_current_if_assigned()", FUNC_SCALAR, "NULL", 0 },
	{ 0, NULL, FUNC_SCALAR, NULL, 0 },
};
