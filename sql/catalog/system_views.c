/*
 * system_views.c - the views of pg_catalog: pg_tables, pg_settings, pg_stat_* ...
 *
 * PostgreSQL makes them of its tables with SQL; here their rows are made at once.
 * Counters that nobody counts are zero.  Views of what cannot be (replication, policies,
 * extensions) have their columns and no row.
 *
 * Source: PostgreSQL 15 documentation, chapters 54, "System Views", and 28.2, "The
 * Cumulative Statistics System".
 * Licence: MIT, see LICENSE.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "sql/catalog/describe.h"
#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/conn.h"
#include "sql/pgcat.h"
#include "sql/type.h"
#include "sql/type/datetime.h"
#include "vfs/sqlite.h"
#include "vfs/vfs.h"

enum { DEFINITION_MAX = 1 << 24 };

/* The content of `b`, as a string of the scan; b is empty again. */
static const char *take_text(struct fill *f, struct buf *b)
{
	const char *text = b->failed ? NULL : arena_strndup(f->arena, b->data == NULL ? "" : b->data, b->len);

	f->failed |= text == NULL;
	buf_reset(b);
	return text;
}

static const char *owner(struct fill *f)
{
	return names_superuser(f->env);
}

static void fill_tables(struct fill *f)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_relation *r = all[i];

		if (r->kind != 'r')
			continue;
		row_begin(f);
		row_text(f, r->namespace_name);
		row_text(f, r->name);
		row_text(f, owner(f));
		row_null(f);
		row_bool(f, r->n_indexes > 0 || r->is_system);
		row_bool(f, false);
		row_bool(f, !r->is_system && system_has_triggers(f->schema, r));
		row_bool(f, false);
		row_end(f);
	}
}

static void fill_views(struct fill *f)
{
	struct buf b = BUF_INIT(DEFINITION_MAX);
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_relation *r = all[i];

		if (r->kind != 'v')
			continue;
		row_begin(f);
		row_text(f, r->namespace_name);
		row_text(f, r->name);
		row_text(f, owner(f));
		if (r->view_text != NULL) {
			describe_view(r, &b);
			row_text(f, take_text(f, &b));
		} else {
			row_null(f);
		}
		row_end(f);
	}
	buf_free(&b);
}

static void put_index(struct fill *f, const struct schema_relation *r, const struct schema_index *x,
		      struct buf *b)
{
	row_begin(f);
	row_text(f, r->namespace_name);
	row_text(f, r->name);
	row_text(f, x->name);
	row_null(f);
	describe_index(f->schema, f->env, r, x, false, b);
	row_text(f, take_text(f, b));
	row_end(f);
}

static void fill_indexes(struct fill *f)
{
	const struct pgcat_rows *system = pgcat_rows("pg_index");
	struct buf b = BUF_INIT(DEFINITION_MAX);
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);
	const struct schema_relation *r;

	for (uint32_t i = 0; i < system->n_rows; i++) {
		const struct schema_index *x = describe_system_index(
			f->schema, f->arena, (oid_t)pgcat_field_int(system, i, 0), &r);

		if (x != NULL)
			put_index(f, r, x, &b);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < all[i]->n_indexes; j++)
			put_index(f, all[i], &all[i]->indexes[j], &b);
	}
	buf_free(&b);
}

/* The last value of a sequence, and whether nextval() has given it. */
static bool sequence_state(struct fill *f, oid_t oid, int64_t *value)
{
	sqlite3_stmt *stmt;
	bool called = false;

	if (sqlite3_prepare_v2(f->conn->db,
			       "SELECT last_value, is_called FROM main.pgblob_sequence WHERE oid = ?1",
			       -1, &stmt, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_int64(stmt, 1, oid);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*value = sqlite3_column_int64(stmt, 0);
		called = sqlite3_column_int(stmt, 1) != 0;
	}
	sqlite3_finalize(stmt);
	return called;
}

static void fill_sequences(struct fill *f)
{
	size_t n;
	const struct schema_sequence *q = schema_sequences(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		int64_t last;

		row_begin(f);
		row_text(f, q[i].namespace_name);
		row_text(f, q[i].name);
		row_text(f, owner(f));
		row_int(f, q[i].type);
		row_int(f, q[i].start);
		row_int(f, q[i].min);
		row_int(f, q[i].max);
		row_int(f, q[i].increment);
		row_bool(f, q[i].cycle);
		row_int(f, q[i].cache);
		if (sequence_state(f, q[i].oid, &last))
			row_int(f, last);
		else
			row_null(f);
		row_end(f);
	}
}

/* ---- roles ---- */

/* Call `each` for the roles; super: it is the one that owns everything. */
static void for_roles(struct fill *f, void (*each)(struct fill *f, oid_t oid, const char *name, bool super))
{
	const struct pgcat_rows *rows = pgcat_rows("pg_authid");

	for (uint32_t i = 0; i < rows->n_rows; i++) {
		oid_t oid = (oid_t)pgcat_field_int(rows, i, 0);
		char *name = arena_alloc(f->arena, NAME_MAX_LEN + 1);

		if (name != NULL && names_of_role(f->env, oid, name))
			each(f, oid, name, oid == BOOTSTRAP_ROLE_OID);
	}
}

static void role_row(struct fill *f, oid_t oid, const char *name, bool super)
{
	row_begin(f);
	row_text(f, name);
	row_bool(f, super);
	row_bool(f, true);
	for (int i = 0; i < 4; i++)
		row_bool(f, super);
	row_int(f, -1);
	row_text(f, "********");
	row_null(f);
	row_bool(f, super);
	row_null(f);
	row_int(f, oid);
	row_end(f);
}

static void fill_roles(struct fill *f)
{
	for_roles(f, role_row);
}

static void user_row(struct fill *f, const char *password)
{
	row_begin(f);
	row_text(f, owner(f));
	row_int(f, BOOTSTRAP_ROLE_OID);
	for (int i = 0; i < 4; i++)
		row_bool(f, true);
	row_text(f, password);
	row_null(f);
	row_null(f);
	row_end(f);
}

static void fill_user(struct fill *f)
{
	user_row(f, "********");
}

static void fill_shadow(struct fill *f)
{
	user_row(f, NULL);
}

static void group_row(struct fill *f, oid_t oid, const char *name, bool super)
{
	const struct pgcat_rows *members = pgcat_rows("pg_auth_members");
	int64_t *list = ARENA_ARRAY(f->arena, int64_t, members->n_rows);
	size_t n = 0;

	if (super || list == NULL)
		return;
	for (uint32_t i = 0; i < members->n_rows; i++) {
		if (pgcat_field_int(members, i, 0) == oid)
			list[n++] = pgcat_field_int(members, i, 1);
	}
	row_begin(f);
	row_text(f, name);
	row_int(f, oid);
	row_form(f, form_array(f, list, n));
	row_end(f);
}

static void fill_group(struct fill *f)
{
	for_roles(f, group_row);
}

/* ---- settings ---- */

/*
 * What SHOW says, "90s", in the unit that pg_settings counts in, "ms": "90000".  The text
 * as it is if it has no unit, or one that does not divide.
 */
static const char *setting_in_unit(struct fill *f, const char *shown, const char *unit)
{
	static const struct {
		const char *name;
		int64_t size; /* in bytes, or microseconds */
	} all[] = {
		{ "B", 1 }, { "kB", 1 << 10 }, { "8kB", 8 << 10 }, { "MB", 1 << 20 }, { "GB", 1 << 30 },
		{ "TB", (int64_t)1 << 40 }, { "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "min", 60000000 }, { "h", 3600000000 }, { "d", 86400000000 },
	};
	char *end;
	long long number = strtoll(shown, &end, 10);
	int64_t from = 0, to = 0;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(end, all[i].name) == 0)
			from = all[i].size;
		if (strcmp(unit, all[i].name) == 0)
			to = all[i].size;
	}
	int64_t total;
	if (end == shown || from == 0 || to == 0 || __builtin_mul_overflow(number, from, &total) ||
	    total % to != 0)
		return arena_strdup(f->arena, shown);
	return arena_printf(f->arena, "%lld", (long long)(total / to));
}

static void fill_settings(struct fill *f)
{
	size_t n;
	const struct pg_setting_row *all = pgcat_settings(&n);

	for (size_t i = 0; i < n; i++) {
		const struct pg_setting_row *s = &all[i];
		const char *shown = f->env->setting == NULL ? NULL : f->env->setting(f->env, s->name);
		const char *now = shown == NULL     ? s->setting
				  : s->unit == NULL ? arena_strdup(f->arena, shown)
						    : setting_in_unit(f, shown, s->unit);
		bool changed = now != NULL && s->setting != NULL && strcmp(now, s->setting) != 0;

		row_begin(f);
		row_text(f, s->name);
		row_text(f, now);
		row_text(f, s->unit);
		row_text(f, s->category);
		row_text(f, s->short_desc);
		row_text(f, s->extra_desc);
		row_text(f, s->context);
		row_text(f, s->vartype);
		bool by_client = strcmp(s->context, "user") == 0 || strcmp(s->context, "superuser") == 0;
		row_text(f, !changed || strcmp(s->context, "internal") == 0 ? "default"
			    : by_client                                     ? "session"
									    : "configuration file");
		row_text(f, s->min_val);
		row_text(f, s->max_val);
		row_form(f, s->enumvals);
		row_text(f, s->boot_val);
		row_text(f, s->reset_val);
		row_null(f);
		row_null(f);
		row_bool(f, false);
		row_end(f);
	}
}

/* ---- time zones ---- */

static void put_zone(struct fill *f, const char *name)
{
	const struct timezone *tz = timezone_find(name);
	struct civil c;

	if (tz == NULL)
		return;
	int offset = timezone_offset_at(tz, f->env->statement_us, &c);
	int minutes = abs(offset) / 60;
	row_begin(f);
	row_text(f, arena_strdup(f->arena, name));
	row_text(f, arena_strdup(f->arena, c.zone_name));
	row_form(f, arena_printf(f->arena, "%s%02d:%02d:%02d", offset < 0 ? "-" : "", minutes / 60, minutes % 60,
				 abs(offset) % 60));
	row_bool(f, c.is_dst);
	row_end(f);
}

/* The files under a folder of the time zone database; prefix: "Europe/", or "". */
static void put_zones(struct fill *f, const char *prefix, int depth)
{
	char path[512];
	struct dirent *e;

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", prefix);
	DIR *dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		char name[256];
		struct stat st;

		/* copies of all zones, and files that are none */
		if (e->d_name[0] == '.' || strcmp(e->d_name, "posix") == 0 || strcmp(e->d_name, "right") == 0 ||
		    strchr(e->d_name, '.') != NULL ||
		    (size_t)snprintf(name, sizeof(name), "%s%s", prefix, e->d_name) >= sizeof(name) - 1)
			continue;
		if (fstatat(dirfd(dir), e->d_name, &st, 0) != 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < 3) {
			strcat(name, "/");
			put_zones(f, name, depth + 1);
		} else if (S_ISREG(st.st_mode)) {
			put_zone(f, name);
		}
	}
	if (dir != NULL)
		closedir(dir);
}

static void fill_zones(struct fill *f)
{
	put_zones(f, "", 0);
}

/* ---- statistics ---- */

static bool is_system_schema(const struct schema_relation *r)
{
	return r->namespace_oid == PG_CATALOG_OID || r->namespace_oid == INFORMATION_SCHEMA_OID ||
	       r->namespace_oid == PG_TOAST_OID;
}

/* Which rows the name of a view asks for: pg_stat_user_tables, pg_statio_sys_indexes ... */
static bool view_wants(const struct fill *f, const struct schema_relation *r)
{
	const char *view = f->of->relation.name;

	if (strstr(view, "_user_") != NULL)
		return !is_system_schema(r);
	return strstr(view, "_sys_") == NULL || is_system_schema(r);
}

static void put_stat(struct fill *f, const struct schema_relation *r)
{
	row_begin(f);
	row_int(f, r->oid);
	row_text(f, r->namespace_name);
	row_text(f, r->name);
	row_zeros(f, (unsigned)f->of->relation.n_columns - 3);
	row_end(f);
}

static void fill_stat_tables(struct fill *f)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (all[i]->kind == 'r' && view_wants(f, all[i]))
			put_stat(f, all[i]);
	}
}

static void fill_stat_sequences(struct fill *f)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (all[i]->kind == 'S' && view_wants(f, all[i]))
			put_stat(f, all[i]);
	}
}

static void put_stat_index(struct fill *f, const struct schema_relation *r, const struct schema_index *x)
{
	row_begin(f);
	row_int(f, r->oid);
	row_int(f, x->oid);
	row_text(f, r->namespace_name);
	row_text(f, r->name);
	row_text(f, x->name);
	row_zeros(f, (unsigned)f->of->relation.n_columns - 5);
	row_end(f);
}

static void fill_stat_indexes(struct fill *f)
{
	const struct pgcat_rows *system = pgcat_rows("pg_index");
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);
	const struct schema_relation *r;

	for (uint32_t i = 0; i < system->n_rows; i++) {
		const struct schema_index *x = describe_system_index(
			f->schema, f->arena, (oid_t)pgcat_field_int(system, i, 0), &r);

		if (x != NULL && view_wants(f, r))
			put_stat_index(f, r, x);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < all[i]->n_indexes; j++) {
			if (view_wants(f, all[i]))
				put_stat_index(f, all[i], &all[i]->indexes[j]);
		}
	}
}

/* One row of zeros. */
static void fill_one(struct fill *f)
{
	row_begin(f);
	row_zeros(f, (unsigned)f->of->relation.n_columns);
	row_end(f);
}

static void database_zeros(void *arg, const struct sql_database_info *db)
{
	struct fill *f = arg;

	row_begin(f);
	row_int(f, names_database_oid(db->name));
	row_text(f, arena_strdup(f->arena, db->name));
	row_zeros(f, (unsigned)f->of->relation.n_columns - 2);
	row_end(f);
}

static int compare_database(const void *name, const void *stats)
{
	return strcmp(name, ((const struct vfs_database_stats *)stats)->name);
}

struct open_databases {
	struct vfs_database_stats *all;
	size_t n;
};

/* What this server did with it since it was opened; 0 for what is not counted. */
static void database_counts(void *arg, const struct sql_database_info *db)
{
	struct fill *f = arg;
	const struct open_databases *open = f->arg;
	const struct vfs_database_stats *s =
		bsearch(db->name, open->all, open->n, sizeof(*s), compare_database);

	row_begin(f);
	row_int(f, names_database_oid(db->name));
	row_text(f, arena_strdup(f->arena, db->name));
	row_zeros(f, 1);
	row_int(f, s != NULL ? (int64_t)s->commits.commits : 0);
	row_int(f, s != NULL ? (int64_t)(s->commits.lost + s->commits.failed) : 0);
	row_zeros(f, (unsigned)f->of->relation.n_columns - 5);
	row_end(f);
}

static void fill_stat_database(struct fill *f)
{
	struct open_databases open;
	struct error err = ERROR_INIT;

	if (vfs_open_databases(&open.all, &open.n, &err) != VFS_OK) {
		f->failed = true;
		return;
	}
	f->arg = &open;
	fill_databases(f, database_counts);
	f->arg = NULL;
	free(open.all);
}

static void fill_stat_conflicts(struct fill *f)
{
	fill_databases(f, database_zeros);
}

/* Only this session: what others do is not known here. */
static void fill_activity(struct fill *f)
{
	const struct sql_env *env = f->env;

	row_begin(f);
	if (env->database != NULL)
		row_int(f, names_database_oid(env->database));
	else
		row_null(f);
	row_text(f, env->database);
	row_int(f, env->pid);
	row_null(f);
	row_int(f, BOOTSTRAP_ROLE_OID);
	row_text(f, owner(f));
	row_text(f, env->application_name);
	row_nulls(f, 3); /* client_addr, client_hostname, client_port */
	row_null(f);     /* backend_start */
	row_int(f, env->transaction_us);
	row_int(f, env->statement_us);
	row_int(f, env->statement_us);
	row_nulls(f, 2);
	row_text(f, "active");
	row_nulls(f, 3);
	row_null(f);     /* query */
	row_text(f, "client backend");
	row_end(f);
}

/* pid, false, nulls */
static void fill_stat_ssl(struct fill *f)
{
	row_begin(f);
	row_int(f, f->env->pid);
	row_bool(f, false);
	row_nulls(f, (unsigned)f->of->relation.n_columns - 2);
	row_end(f);
}

static void fill_stat_gssapi(struct fill *f)
{
	row_begin(f);
	row_int(f, f->env->pid);
	row_bool(f, false);
	row_null(f);
	row_bool(f, false);
	row_end(f);
}

const struct system_def system_view_defs[] = {
	{ "pg_tables", "schemaname tablename", fill_tables, false, NULL },
	{ "pg_views", "schemaname viewname", fill_views, false, NULL },
	{ "pg_indexes", "schemaname tablename indexname", fill_indexes, false, NULL },
	{ "pg_sequences", "schemaname sequencename", fill_sequences, false, NULL },
	{ "pg_roles", "rolname oid", fill_roles, false, NULL },
	{ "pg_user", "usename usesysid", fill_user, false, NULL },
	{ "pg_shadow", "usename usesysid", fill_shadow, false, NULL },
	{ "pg_group", "groname grosysid", fill_group, false, NULL },
	{ "pg_settings", "name", fill_settings, false, NULL },
	{ "pg_timezone_abbrevs", "abbrev", NULL, false, NULL },
	{ "pg_timezone_names", NULL, fill_zones, false, NULL },
	{ "pg_stat_activity", "pid", fill_activity, false, NULL },
	{ "pg_stat_ssl", "pid", fill_stat_ssl, false, NULL },
	{ "pg_stat_gssapi", "pid", fill_stat_gssapi, false, NULL },
	{ "pg_stat_database", "datid datname", fill_stat_database, false, NULL },
	{ "pg_stat_database_conflicts", "datid datname", fill_stat_conflicts, false, NULL },
	{ "pg_stat_archiver", NULL, fill_one, false, NULL },
	{ "pg_stat_bgwriter", NULL, fill_one, false, NULL },
	{ "pg_stat_wal", NULL, fill_one, false, NULL },
	{ "pg_stat_recovery_prefetch", NULL, fill_one, false, NULL },
	{ "pg_stat_all_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_stat_sys_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_stat_user_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_stat_xact_all_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_stat_xact_sys_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_stat_xact_user_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_statio_all_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_statio_sys_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_statio_user_tables", "relid relname", fill_stat_tables, false, NULL },
	{ "pg_stat_all_indexes", "relid indexrelid", fill_stat_indexes, false, NULL },
	{ "pg_stat_sys_indexes", "relid indexrelid", fill_stat_indexes, false, NULL },
	{ "pg_stat_user_indexes", "relid indexrelid", fill_stat_indexes, false, NULL },
	{ "pg_statio_all_indexes", "relid indexrelid", fill_stat_indexes, false, NULL },
	{ "pg_statio_sys_indexes", "relid indexrelid", fill_stat_indexes, false, NULL },
	{ "pg_statio_user_indexes", "relid indexrelid", fill_stat_indexes, false, NULL },
	{ "pg_statio_all_sequences", "relid", fill_stat_sequences, false, NULL },
	{ "pg_statio_sys_sequences", "relid", fill_stat_sequences, false, NULL },
	{ "pg_statio_user_sequences", "relid", fill_stat_sequences, false, NULL },
	{ NULL, NULL, NULL, false, NULL },
};
